// How many blocks to have in flight with one peer: enough that its link never idles, and no more, so that
// after a seek the new bytes do not queue behind old ones. Rate x delay, measured in rounds: a round ends
// when a block that was asked for after its start arrives (as in BBR). Besides the round trip, the gaps in
// which a rate-limited peer sends nothing have to be bridged, or the limit would be undershot for ever.
import { BLOCK_BYTES } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'

export { BLOCK_BYTES }

/** Blocks in flight before anything is known of a peer: 128 KiB, about TCP's own first flights. */
const BLOCKS_AT_START = 8
/** On top of what is measured: below it a link with a short delay would idle between two batches. */
const BLOCKS_SPARE = 2
/**
 * 16 MiB: on loopback 512 blocks give the full rate and 128 two thirds of it (measures.md); more only
 * moves the peer's send buffer into ours.
 */
export const BLOCKS_MAX = 1024
/** Scheduling of both ends and the peer's disk; at 4 MB/s it is 5 blocks, at 1 GB/s the whole maximum. */
const SLACK_MS = 20
/** Room to notice that the link has become faster: at the start each round may double the one before. */
const GAIN_AT_START = 2
const GAIN = 1.25
/** The start is over when this many rounds in a row brought less than `GAIN` more. */
const FLAT_ROUNDS_MAX = 3
/** A round is at least this long: a burst of saved-up quota must not pass for the link's rate. */
const ROUND_MIN_MS = 8
/** The rate is the mean of the last rounds that cover so many round trips and gaps, and this time. */
const SPAN_TRIPS = 3
const SPAN_MIN_MS = 100
const ROUNDS_KEPT = 32
/** A longer silence is a stall, not the rhythm of a rate limit; libtorrent's limiter ticks at 500 ms. */
const GAP_LIMIT_MS = 600
/** What a gap still counts a round later: rhythms stay, accidents fade. */
const GAP_DECAY = 0.9

export class Pipeline {
  /** Blocks to have in flight now. */
  targetBlocks = BLOCKS_AT_START
  /** Bytes per second that this peer delivers when asked without pause; 0 when nothing is known. */
  bytesPerSecond = 0
  #limitBlocks = BLOCKS_MAX
  #isStarting = true
  #flatRounds = 0
  #bestAtStart = 0
  #roundTripMs = Number.POSITIVE_INFINITY
  #gapMs = 0
  #roundGapMs = 0
  #lastArrivalMs: Millis = Number.NaN
  #roundStartedMs: Millis = Number.NaN
  #roundBytes = 0
  /** Of the last rounds, a ring: what came in each, and how long it was. */
  readonly #bytes = new Float64Array(ROUNDS_KEPT)
  readonly #durationsMs = new Float64Array(ROUNDS_KEPT)
  #rounds = 0

  /** The shortest time seen between asking and getting; `Infinity` before the first sample. */
  get roundTripMs(): number {
    return this.#roundTripMs
  }

  /** What the peer says to take at most (`reqq`). */
  limitTo(blocks: number): void {
    this.#limitBlocks = Math.max(1, Math.min(BLOCKS_MAX, blocks))
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
    this.#roundGapMs = 0
    this.#roundBytes = 0
  }

  /** A block of `bytes` arrived that was asked for at `askedAtMs`. */
  noteBlock(nowMs: Millis, bytes: number, askedAtMs: Millis): void {
    const gapMs = nowMs - this.#lastArrivalMs
    if (gapMs > this.#roundGapMs) this.#roundGapMs = Math.min(GAP_LIMIT_MS, gapMs)
    this.#lastArrivalMs = nowMs
    this.#roundBytes += bytes
    const tookMs = nowMs - askedAtMs
    if (tookMs < this.#roundTripMs) this.#roundTripMs = Math.max(0.05, tookMs)
    if (askedAtMs >= this.#roundStartedMs && nowMs - this.#roundStartedMs >= ROUND_MIN_MS) {
      this.#endRound(nowMs)
    }
  }

  #endRound(nowMs: Millis): void {
    this.#gapMs = Math.max(this.#roundGapMs, this.#gapMs * GAP_DECAY)
    const index = this.#rounds++ % ROUNDS_KEPT
    this.#bytes[index] = this.#roundBytes
    this.#durationsMs[index] = nowMs - this.#roundStartedMs
    this.resume(nowMs)
    const cycleMs = this.#roundTripMs + this.#gapMs + SLACK_MS
    const rate = this.#rateOver(Math.max(SPAN_MIN_MS, SPAN_TRIPS * cycleMs))
    this.bytesPerSecond = rate
    // Blocks follow each other at a distance even when nothing is amiss: that is no gap to bridge.
    const spacingMs = Math.min(this.#gapMs, (BLOCK_BYTES * 1000) / rate)
    const gain = this.#isStarting ? GAIN_AT_START : GAIN
    if (this.#isStarting) this.#checkStart(rate)
    const bridged = (gain * rate * (cycleMs - spacingMs)) / 1000
    const least = this.#isStarting ? BLOCKS_AT_START : 0
    const wanted = Math.max(least, Math.ceil(bridged / BLOCK_BYTES) + BLOCKS_SPARE)
    this.targetBlocks = Math.min(wanted, 2 * this.targetBlocks, this.#limitBlocks)
  }

  #checkStart(rate: number): void {
    const isFaster = rate > this.#bestAtStart * GAIN
    this.#bestAtStart = Math.max(this.#bestAtStart, rate)
    this.#flatRounds = isFaster ? 0 : this.#flatRounds + 1
    if (this.#flatRounds >= FLAT_ROUNDS_MAX) this.#isStarting = false
  }

  /** Mean rate of the last rounds that cover `spanMs`: from round to round, so that bursts count whole. */
  #rateOver(spanMs: number): number {
    const kept = Math.min(this.#rounds, ROUNDS_KEPT)
    let bytes = 0
    let durationMs = 0
    for (let back = 1; back <= kept && durationMs < spanMs; back++) {
      const index = (this.#rounds - back) % ROUNDS_KEPT
      bytes += this.#bytes[index] as number
      durationMs += this.#durationsMs[index] as number
    }
    return (bytes * 1000) / durationMs
  }
}
