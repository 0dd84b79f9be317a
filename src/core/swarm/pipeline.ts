// How many blocks to have in flight with one peer: enough that its link never idles, and no more, so that
// after a seek the new bytes do not queue behind old ones. Rate x delay, measured in rounds: a round ends
// when a block that was asked for after its start arrives (as in BBR). Besides the round trip, the gaps in
// which a rate-limited peer sends nothing have to be bridged, or the limit would be undershot for ever.
import { BLOCK_BYTES } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'

export { BLOCK_BYTES }

/** Blocks in flight before anything is known of a peer: 128 KiB, about TCP's own first flights. */
const BLOCKS_AT_START = 8
/** Below this a link with a short delay would idle between two batches. */
const BLOCKS_MIN = 2
/**
 * 16 MiB: on loopback 512 blocks give the full rate and 128 two thirds of it (measures.md); more only
 * moves the peer's send buffer into ours.
 */
export const BLOCKS_MAX = 1024
/** Scheduling of both ends and the peer's disk; at 4 MB/s it is 5 blocks, at 1 GB/s the whole maximum. */
const SLACK_MS = 20
/** Room to notice that the link has become faster: each round may be this much faster than the last. */
const GAIN = 1.25
/** Start doubles until this many rounds in a row brought less than `GAIN` more. */
const FLAT_ROUNDS_MAX = 3
/** The best of this many rounds counts as the rate, so that one bad round does not throttle for good. */
const ROUNDS_KEPT = 8
/** A round is at least this long, or timer noise of the loop would be read as rate. */
const ROUND_MIN_MS = 4
/** A longer silence is a stall, not the rhythm of a rate limit; libtorrent's limiter ticks at 500 ms. */
const GAP_LIMIT_MS = 600

export class Pipeline {
  /** Blocks to have in flight now. */
  targetBlocks = BLOCKS_AT_START
  #isStarting = true
  #flatRounds = 0
  #bestAtStart = 0
  #roundTripMs = Number.POSITIVE_INFINITY
  #gapMs = 0
  #roundGapMs = 0
  #lastArrivalMs: Millis = Number.NaN
  #roundStartedMs: Millis = Number.NaN
  #roundBytes = 0
  readonly #rates = new Float64Array(ROUNDS_KEPT)
  #round = 0
  #limitBlocks = BLOCKS_MAX

  /** Bytes per second that this peer delivers when asked without pause; 0 when nothing is known. */
  bytesPerSecond = 0

  /** The shortest time seen between asking and getting; `Infinity` before the first sample. */
  get roundTripMs(): number {
    return this.#roundTripMs
  }

  /** What the peer says to take at most (`reqq`). */
  limitTo(blocks: number): void {
    this.#limitBlocks = Math.max(BLOCKS_MIN, Math.min(BLOCKS_MAX, blocks))
    this.targetBlocks = Math.min(this.targetBlocks, this.#limitBlocks)
  }

  /** A round trip measured without data: the time that dialling took. */
  noteRoundTrip(milliseconds: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs, Math.max(0.05, milliseconds))
  }

  /** Nothing was in flight before now: the silence up to here is ours, not the peer's. */
  resume(nowMs: Millis): void {
    this.#lastArrivalMs = nowMs
    this.#roundStartedMs = nowMs
    this.#roundBytes = 0
    this.#roundGapMs = 0
  }

  /** A block of `bytes` arrived that was asked for at `askedAtMs`. */
  noteBlock(nowMs: Millis, bytes: number, askedAtMs: Millis): void {
    const gapMs = nowMs - this.#lastArrivalMs
    if (gapMs > this.#roundGapMs) this.#roundGapMs = Math.min(GAP_LIMIT_MS, gapMs)
    this.#lastArrivalMs = nowMs
    this.#roundBytes += bytes
    const tookMs = nowMs - askedAtMs
    if (tookMs < this.#roundTripMs) this.#roundTripMs = Math.max(0.05, tookMs)
    const isQueued = tookMs > this.#roundTripMs * GAIN + SLACK_MS
    if (this.#isStarting && !isQueued && this.targetBlocks < this.#limitBlocks) this.targetBlocks++
    if (askedAtMs >= this.#roundStartedMs && nowMs - this.#roundStartedMs >= ROUND_MIN_MS) {
      this.#endRound(nowMs)
    }
  }

  #endRound(nowMs: Millis): void {
    const rate = (this.#roundBytes * 1000) / (nowMs - this.#roundStartedMs)
    this.#rates[this.#round++ % ROUNDS_KEPT] = rate
    let best = 0
    for (const kept of this.#rates) if (kept > best) best = kept
    this.bytesPerSecond = best
    this.#gapMs = Math.max(this.#roundGapMs, this.#gapMs * 0.8)
    this.#roundStartedMs = nowMs
    this.#roundBytes = 0
    this.#roundGapMs = 0
    if (this.#isStarting) this.#checkStart(rate)
    if (!this.#isStarting) this.targetBlocks = this.#steadyTarget(best)
  }

  #checkStart(rate: number): void {
    const isFaster = rate > this.#bestAtStart * GAIN
    this.#bestAtStart = Math.max(this.#bestAtStart, rate)
    this.#flatRounds = isFaster ? 0 : this.#flatRounds + 1
    if (this.#flatRounds >= FLAT_ROUNDS_MAX) this.#isStarting = false
  }

  #steadyTarget(rate: number): number {
    // Blocks follow each other at this distance even when nothing is amiss.
    const blockMs = (BLOCK_BYTES * 1000) / rate
    const bridgedMs = this.#roundTripMs * GAIN + Math.max(0, this.#gapMs - blockMs) + SLACK_MS
    const blocks = Math.ceil((rate * bridgedMs) / 1000 / BLOCK_BYTES) + 1
    return Math.min(this.#limitBlocks, Math.max(BLOCKS_MIN, blocks))
  }
}
