// How many bytes a second of playback takes: from the container if it says so, else from what the viewer
// consumes, else a guess. The window is measured in these seconds.
import type { Millis } from '../world/index.ts'

/** 8 Mbit/s: a good 1080p stream. */
export const BYTES_PER_SECOND_GUESS = 1_000_000
/** Outside of this a container lies or a player does something else than play: 64 kbit/s to 400 Mbit/s. */
const BYTES_PER_SECOND_MIN = 8_000
const BYTES_PER_SECOND_MAX = 50_000_000
/** A player fills its buffer first, as fast as it can: only later does it read as it plays. */
const SETTLE_MS = 10_000
const OBSERVED_MS = 20_000

export class BitRate {
  #container = 0
  #startedMs: Millis = Number.NaN
  #spanStartedMs: Millis = Number.NaN
  #spanBytes = 0
  #observed = 0

  /** Bytes a second of playback. */
  get bytesPerSecond(): number {
    if (this.#container > 0) return this.#container
    return this.#observed > 0 ? this.#observed : BYTES_PER_SECOND_GUESS
  }

  /** The container says how long the file plays. Nonsense (no size, no length) is ignored. */
  noteContainer(file: { bytes: number; seconds: number }): void {
    const rate = file.bytes / file.seconds
    if (Number.isFinite(rate) && rate > 0) this.#container = bounded(rate)
  }

  noteConsumed(nowMs: Millis, bytes: number): void {
    if (Number.isNaN(this.#startedMs)) this.#startedMs = nowMs
    if (nowMs - this.#startedMs < SETTLE_MS) return
    if (Number.isNaN(this.#spanStartedMs)) {
      this.#spanStartedMs = nowMs
      return
    }
    this.#spanBytes += bytes
    const spanMs = nowMs - this.#spanStartedMs
    if (spanMs < OBSERVED_MS) return
    this.#observed = bounded((this.#spanBytes * 1000) / spanMs)
    this.#spanStartedMs = nowMs
    this.#spanBytes = 0
  }

  /** A seek fills the player's buffer anew: what is read next is no measure. */
  restart(nowMs: Millis): void {
    this.#startedMs = nowMs
    this.#spanStartedMs = Number.NaN
    this.#spanBytes = 0
  }
}

function bounded(bytesPerSecond: number): number {
  return Math.min(BYTES_PER_SECOND_MAX, Math.max(BYTES_PER_SECOND_MIN, bytesPerSecond))
}
