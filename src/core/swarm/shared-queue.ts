// Keeps the queue short while somebody watches. A pipeline bridges the gaps in which its peer sends nothing,
// but behind one shared link those gaps are only the turns of the other peers: bridging them fills the link's
// queue, and a seek then waits for all that is in it. So while a viewer is there, a peer gets no more requests
// than its rate needs to bridge the gaps in which *nobody* sends.
//
// Peers whose own limits make them pulse, each at its time, look the same, and would be starved. Therefore the
// total rate is watched: where it falls, the bound is off for a while, and longer each time.
import type { Millis } from '../world/index.ts'
import type { PeerLink } from './peer-speeds.ts'
import { BLOCK_BYTES } from './pipeline.ts'

/** Room to notice that the link has become faster; the slack below adds to it. */
const GAIN = 1.1
/** Scheduling at both ends. */
const SLACK_MS = 20
/** Blocks in flight with all peers together before anything is measured: 32 Mbit/s for 80 ms. */
const BLOCKS_AT_START = 20
/** Two blocks, or a peer would idle between one and the next. */
const BLOCKS_MIN = 2
/** A longer silence is no rhythm. */
const GAP_LIMIT_MS = 600
const GAP_DECAY = 0.7
const EPOCH_MS = 500
/** The rate has fallen when it is below this part of the best for so many epochs. */
const FALLEN_PART = 0.7
const FALLEN_EPOCHS = 3
const EPOCHS_SKIPPED = 3
/** The best rate seen fades a little with each epoch, and faster while the bound is off. */
const BEST_DECAY = 0.99
const BEST_DECAY_WHILE_OFF = 0.95
const OFF_MS = 30_000
const OFF_MAX_MS = 600_000

export class SharedQueue {
  #lastArrivalMs: Millis = Number.NaN
  #epochEndMs: Millis = Number.NaN
  #epochBytes = 0
  #epochGapMs = 0
  #gapMs = 0
  #bestBytes = 0
  #epochs = 0
  #fallenEpochs = 0
  #offUntilMs: Millis = Number.NEGATIVE_INFINITY
  #offMs = OFF_MS

  /** Nothing was asked for before now: the silence up to here was ours. */
  resume(nowMs: Millis): void {
    this.forgiveGap()
    this.#beginEpoch(nowMs)
  }

  /** The line was emptied, or was empty: the silence until the next block is no rhythm of anybody's. */
  forgiveGap(): void {
    this.#lastArrivalMs = Number.NaN
  }

  #beginEpoch(nowMs: Millis): void {
    this.#epochEndMs = nowMs + EPOCH_MS
    this.#epochBytes = 0
    this.#epochGapMs = 0
  }

  /** A block came, from whomever. @param isBound whether the bound is in use: somebody watches. */
  noteBlock(nowMs: Millis, isBound: boolean): void {
    const gapMs = Math.min(GAP_LIMIT_MS, nowMs - this.#lastArrivalMs)
    if (gapMs > this.#epochGapMs) this.#epochGapMs = gapMs
    this.#lastArrivalMs = nowMs
    this.#epochBytes += BLOCK_BYTES
    if (nowMs >= this.#epochEndMs) this.#endEpoch(nowMs, isBound)
  }

  /**
   * Blocks that a peer should have in flight at most; `Infinity` while the bound is off.
   *
   * @param peer.isNew its rate is hardly measured: it gets its share of what all have at the start.
   */
  limitFor(nowMs: Millis, peer: { link: PeerLink; isNew: boolean; of: number }): number {
    if (nowMs < this.#offUntilMs) return Number.POSITIVE_INFINITY
    const { bytesPerSecond, roundTripMs } = peer.link
    const least = peer.isNew ? Math.ceil(BLOCKS_AT_START / peer.of) : BLOCKS_MIN
    if (bytesPerSecond === 0) return Math.max(BLOCKS_MIN, least)
    const gapMs = Math.max(this.#gapMs, this.#epochGapMs)
    const bytes = (GAIN * bytesPerSecond * (roundTripMs + gapMs + SLACK_MS)) / 1000
    return Math.max(BLOCKS_MIN, least, Math.ceil(bytes / BLOCK_BYTES))
  }

  #endEpoch(nowMs: Millis, isBound: boolean): void {
    const durationMs = nowMs - this.#epochEndMs + EPOCH_MS
    const bytes = (this.#epochBytes * EPOCH_MS) / durationMs
    const isOff = nowMs < this.#offUntilMs
    const isFallen = isBound && !isOff && bytes < FALLEN_PART * this.#bestBytes
    this.#fallenEpochs = isFallen ? this.#fallenEpochs + 1 : 0
    const faded = this.#bestBytes * (isOff ? BEST_DECAY_WHILE_OFF : BEST_DECAY)
    // Limiters begin with what they saved up: that is not the rate which the bound must keep.
    if (++this.#epochs > EPOCHS_SKIPPED) this.#bestBytes = Math.max(bytes, faded)
    this.#gapMs = Math.max(this.#epochGapMs, this.#gapMs * GAP_DECAY)
    this.#beginEpoch(nowMs)
    if (this.#fallenEpochs < FALLEN_EPOCHS) return
    this.#fallenEpochs = 0
    this.#offUntilMs = nowMs + this.#offMs
    this.#offMs = Math.min(OFF_MAX_MS, this.#offMs * 2)
  }
}
