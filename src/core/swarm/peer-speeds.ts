// How soon each peer answers: its pipeline, its answer times, whether it may be asked at all. From these
// follow who gets an urgent block, when a block is late, and when a peer counts as stalled.
import type { Millis } from '../world/index.ts'
import { BLOCK_BYTES } from './pipeline.ts'
import { type PeerSlot, SLOTS_MAX } from './request-table.ts'

/** A peer that was asked and sent nothing for this long, and for 4 of its mean answer times, stalls. */
const STALL_MIN_MS = 2000
const STALL_MEANS = 4
/**
 * A stalled peer that sends no block for this long, and for 8 of its mean answer times, loses all that it was
 * asked for to others: nobody may wait for the head of the file, but the file should grow. The maximum is
 * for peers whose mean is long because they drip.
 */
const GIVEN_UP_MIN_MS = 10_000
const GIVEN_UP_MEANS = 8
const GIVEN_UP_MAX_MS = 30_000
/** For this long it is then asked nothing, unless one of those blocks comes after all. */
const GIVEN_UP_PAUSE_MS = 30_000
/** Answer times before anything was measured anywhere. */
const UNKNOWN_ANSWER_MS = 1000
const UNKNOWN_ROUND_TRIP_MS = 100
const UNKNOWN_BYTES_PER_SECOND = 250_000
/** Samples from which on a peer's own answer times say more than those of all. */
const SAMPLES_MIN = 4
/** Blocks until which the rate of a peer, taken over its first round trips, is too low. */
const NEW_SAMPLES = 16
/** After this a peer that has sent fewer is slow. */
const NEW_MS = 1000
/** What was sent before a CANCEL arrived comes within the round trip and this: a home line's queue, not a slow peer's. */
const DRAIN_MAX_MS = 150
/** A block that a busy peer has not sent after so many mean answer times is lost. */
const LOST_MEANS = 3
/** At the end of a download, how long a peer has to be silent before its blocks are asked of another. */
const SILENCE_AT_END_MS = 1000
/** Timers and the loop are no finer: a block is not late for less. */
const LATE_SLACK_MS = 10
/** The standard deviation of a normal spread, over its mean absolute deviation. */
const SIGMA = 1.25
const MEAN_WEIGHT = 1 / 8
const DEVIATION_WEIGHT = 1 / 4
/** A peer that refuses without choking us is left alone for this long, doubled each time, up to the maximum. */
const REFUSAL_PAUSE_MS = 250
const REFUSAL_PAUSE_MAX_MS = 30_000
/** Sums over all peers are kept for so long; a pick happens for every block. */
const SUMS_KEPT_MS = 4
/** BEP 6 suggests 10; what a peer allows beyond this is ignored. */
export const ALLOWED_FAST_MAX = 32

/** Who needs a block: a read that waits for it, a viewer soon, or nobody in particular. */
export type Need = 'read' | 'viewer' | 'nobody'

/** What is measured of a peer's link: its `Pipeline`, kept by whoever speaks with the peer. */
export interface PeerLink {
  /** Blocks to have in flight. */
  readonly targetBlocks: number
  /** 0 while nothing was measured. */
  readonly bytesPerSecond: number
  /** The shortest time seen between asking and getting; `Infinity` while unknown. */
  readonly roundTripMs: number
}

/** Mean and deviation of a time, as TCP keeps them. @see RFC 6298 */
class AnswerTimes {
  meanMs = 0
  deviationMs = 0
  samples = 0

  note(tookMs: number): void {
    if (this.samples++ === 0) {
      this.meanMs = tookMs
      this.deviationMs = tookMs / 2
      return
    }
    const error = tookMs - this.meanMs
    this.deviationMs += (Math.abs(error) - this.deviationMs) * DEVIATION_WEIGHT
    this.meanMs += error * MEAN_WEIGHT
  }

  /** The standard deviation, or what timers blur. */
  get sigmaMs(): number {
    return Math.max(LATE_SLACK_MS, this.deviationMs * SIGMA)
  }
}

class PeerSpeed {
  readonly link: PeerLink
  readonly answers = new AnswerTimes()
  isChoked = true
  isStalled = false
  firstAskedMs: Millis = Number.NaN
  /** When it last sent a block, or was asked after it had nothing to send. */
  silentSinceMs: Millis = Number.POSITIVE_INFINITY
  pausedUntilMs: Millis = Number.NEGATIVE_INFINITY
  refusals = 0
  /** Withdrawn requests whose blocks may be on their way, and until when. */
  draining = 0
  drainedAtMs: Millis = Number.NEGATIVE_INFINITY
  /** Pieces that it sends although it chokes us (BEP 6). */
  readonly allowedFast: number[] = []

  constructor(link: PeerLink) {
    this.link = link
  }
}

export class PeerSpeeds {
  readonly #peers: (PeerSpeed | undefined)[] = new Array(SLOTS_MAX).fill(undefined)
  readonly #outstandingOf: (slot: PeerSlot) => number
  readonly #ofAll = new AnswerTimes()
  /** When somebody was last considered for asking: now, for whatever follows from it. */
  #nowMs: Millis = Number.NEGATIVE_INFINITY
  #slotsUsed = 0
  #joinedCount = 0
  #sumsAtMs: Millis = Number.NEGATIVE_INFINITY
  #bytesPerSecond = 0
  #bestAnswerMs = 0
  #meanBytesPerSecond = UNKNOWN_BYTES_PER_SECOND

  /** @param outstandingOf how many requests are live at a slot. */
  constructor(outstandingOf: (slot: PeerSlot) => number) {
    this.#outstandingOf = outstandingOf
  }

  /** Peers, choked or not. */
  get joinedCount(): number {
    return this.#joinedCount
  }

  /** Every slot that is in use is below this. */
  get slotsUsed(): number {
    return this.#slotsUsed
  }

  join(slot: PeerSlot, link: PeerLink): void {
    this.#peers[slot] = new PeerSpeed(link)
    this.#joinedCount++
    this.#slotsUsed = Math.max(this.#slotsUsed, slot + 1)
    this.forgetSums()
  }

  leave(slot: PeerSlot): void {
    this.#peers[slot] = undefined
    this.#joinedCount--
    while (this.#slotsUsed > 0 && this.#peers[this.#slotsUsed - 1] === undefined) this.#slotsUsed--
    this.forgetSums()
  }

  isJoined(slot: PeerSlot): boolean {
    return this.#peers[slot] !== undefined
  }

  /** Whether its rate is hardly measured yet. */
  isNew(nowMs: Millis, slot: PeerSlot): boolean {
    const peer = this.#peers[slot]
    if (peer === undefined || peer.answers.samples >= NEW_SAMPLES) return false
    return !(nowMs - peer.firstAskedMs >= NEW_MS)
  }

  linkOf(slot: PeerSlot): PeerLink | undefined {
    return this.#peers[slot]?.link
  }

  /** Whether it has sent a block yet. */
  isMeasured(slot: PeerSlot): boolean {
    return (this.#peers[slot]?.answers.samples ?? 0) > 0
  }

  /** Blocks that its pipeline holds; 0 where nobody is. */
  targetOf(slot: PeerSlot): number {
    return this.#peers[slot]?.link.targetBlocks ?? 0
  }

  allowFast(slot: PeerSlot, piece: number): void {
    const pieces = this.#peers[slot]?.allowedFast
    if (pieces !== undefined && pieces.length < ALLOWED_FAST_MAX) pieces.push(piece)
  }

  /** The pieces that it sends although it chokes us; none where it does not, for then it is paused. */
  allowedFastOf(slot: PeerSlot): readonly number[] {
    return this.isChoked(slot) ? (this.#peers[slot]?.allowedFast ?? []) : []
  }

  setChoked(slot: PeerSlot, isChoked: boolean): void {
    const peer = this.#peers[slot]
    if (peer === undefined) return
    peer.isChoked = isChoked
    peer.pausedUntilMs = Number.NEGATIVE_INFINITY
    peer.isStalled = false
    this.forgetSums()
  }

  /** Unchoked, and not paused for refusing. */
  canAsk(nowMs: Millis, slot: PeerSlot): boolean {
    this.#nowMs = nowMs
    const peer = this.#peers[slot]
    return peer !== undefined && !peer.isChoked && nowMs >= peer.pausedUntilMs
  }

  isChoked(slot: PeerSlot): boolean {
    return this.#peers[slot]?.isChoked !== false
  }

  isStalled(slot: PeerSlot): boolean {
    return this.#peers[slot]?.isStalled === true
  }

  silentSinceMs(slot: PeerSlot): Millis {
    const silentSinceMs = this.#peers[slot]?.silentSinceMs
    return silentSinceMs === undefined || this.#outstandingOf(slot) === 0
      ? Number.POSITIVE_INFINITY
      : silentSinceMs
  }

  /** The peer is asked while nothing was outstanding: its silence counts from now. */
  noteBusy(nowMs: Millis, slot: PeerSlot): void {
    const peer = this.#peers[slot] as PeerSpeed
    peer.silentSinceMs = nowMs
    if (Number.isNaN(peer.firstAskedMs)) peer.firstAskedMs = nowMs
  }

  noteBlock(nowMs: Millis, slot: PeerSlot, askedMs: Millis): void {
    const peer = this.#peers[slot] as PeerSpeed
    peer.answers.note(nowMs - askedMs)
    this.#ofAll.note(nowMs - askedMs)
    peer.silentSinceMs = nowMs
    if (peer.isStalled) peer.pausedUntilMs = Number.NEGATIVE_INFINITY
    peer.isStalled = false
    peer.refusals = 0
  }

  /**
   * Requests were withdrawn: what was sent before the peer heard of it still fills the line.
   *
   * @returns when all of that should have come.
   */
  noteWithdrawn(nowMs: Millis, slot: PeerSlot, count: number): Millis {
    const peer = this.#peers[slot] as PeerSpeed
    const meanMs = this.#timesOf(slot)?.meanMs ?? UNKNOWN_ANSWER_MS
    const drainMs = Math.min(meanMs, this.roundTripMs(slot) + DRAIN_MAX_MS)
    const onTheWay = Math.ceil(drainMs / this.blockMs(slot))
    peer.draining = (nowMs < peer.drainedAtMs ? peer.draining : 0) + Math.min(count, onTheWay)
    peer.drainedAtMs = nowMs + drainMs
    return peer.drainedAtMs
  }

  /** A withdrawn request was answered after all. */
  noteDrained(slot: PeerSlot): void {
    const peer = this.#peers[slot]
    if (peer !== undefined && peer.draining > 0) peer.draining--
  }

  /** Withdrawn requests whose blocks may still be on their way. */
  drainingOf(nowMs: Millis, slot: PeerSlot): number {
    const peer = this.#peers[slot]
    return peer !== undefined && nowMs < peer.drainedAtMs ? peer.draining : 0
  }

  /** @returns until when the peer is paused. */
  noteRefusal(nowMs: Millis, slot: PeerSlot): Millis {
    const peer = this.#peers[slot]
    if (peer === undefined || peer.isChoked) return Number.POSITIVE_INFINITY
    const pauseMs = REFUSAL_PAUSE_MS * 2 ** peer.refusals
    if (nowMs >= peer.pausedUntilMs && pauseMs < REFUSAL_PAUSE_MAX_MS) peer.refusals++
    peer.pausedUntilMs = nowMs + Math.min(REFUSAL_PAUSE_MAX_MS, pauseMs)
    return peer.pausedUntilMs
  }

  /** When its pause ends, its line is drained, or it is given up, if that is still to come; else `Infinity`. */
  readyAtMs(nowMs: Millis, slot: PeerSlot): Millis {
    const peer = this.#peers[slot]
    if (peer === undefined) return Number.POSITIVE_INFINITY
    const pausedMs = peer.pausedUntilMs > nowMs ? peer.pausedUntilMs : Number.POSITIVE_INFINITY
    const drainedMs = peer.drainedAtMs > nowMs ? peer.drainedAtMs : Number.POSITIVE_INFINITY
    return Math.min(pausedMs, drainedMs, this.#givenUpAtMs(nowMs, slot))
  }

  /** When this peer stalls unless a block comes; `Infinity` where nothing is asked or it stalls already. */
  stallAtMs(slot: PeerSlot): Millis {
    const peer = this.#peers[slot]
    if (peer === undefined || peer.isStalled || this.#outstandingOf(slot) === 0) {
      return Number.POSITIVE_INFINITY
    }
    return peer.silentSinceMs + Math.max(STALL_MIN_MS, STALL_MEANS * peer.answers.meanMs)
  }

  /** Whether it has to give way to others now. If so, it is paused. */
  giveUp(nowMs: Millis, slot: PeerSlot): boolean {
    if (nowMs < this.#givenUpAtMs(nowMs, slot)) return false
    ;(this.#peers[slot] as PeerSpeed).pausedUntilMs = nowMs + GIVEN_UP_PAUSE_MS
    return true
  }

  /** `Infinity` where it is not stalled, or where nobody else could be asked. */
  #givenUpAtMs(nowMs: Millis, slot: PeerSlot): Millis {
    const peer = this.#peers[slot]
    const isWaitedFor = peer?.isStalled === true && this.#outstandingOf(slot) > 0
    if (!isWaitedFor || !this.#hasOther(nowMs)) return Number.POSITIVE_INFINITY
    const patienceMs = Math.max(GIVEN_UP_MIN_MS, GIVEN_UP_MEANS * peer.answers.meanMs)
    return peer.silentSinceMs + Math.min(GIVEN_UP_MAX_MS, patienceMs)
  }

  /** Whether anybody who does not stall can be asked. */
  #hasOther(nowMs: Millis): boolean {
    for (let slot = 0; slot < this.#slotsUsed; slot++) {
      if (this.canAsk(nowMs, slot) && !this.isStalled(slot)) return true
    }
    return false
  }

  /** Whether it has sent nothing for longer than a block may take. */
  isSilent(nowMs: Millis, slot: PeerSlot): boolean {
    const peer = this.#peers[slot]
    return peer !== undefined && nowMs - peer.silentSinceMs > this.lateAfterMs(slot)
  }

  setStalled(slot: PeerSlot): void {
    const peer = this.#peers[slot]
    if (peer !== undefined) peer.isStalled = true
    this.forgetSums()
  }

  /** A block asked for now is late after so long at the earliest: mean + sigma. */
  lateAfterMs(slot: PeerSlot): number {
    const times = this.#timesOf(slot)
    return times === undefined ? UNKNOWN_ANSWER_MS : times.meanMs + times.sigmaMs
  }

  /**
   * When a block asked for at `askedMs` is late: mean + sigma after it was asked for or the peer last sent
   * anything. While it sends others, ours is only further back; much later, it is lost. Where no read waits for
   * it the silence has to be longer: a copy costs as much as the block.
   */
  lateAtMs(slot: PeerSlot, askedMs: Millis, need: Need): Millis {
    const times = this.#timesOf(slot)
    if (times === undefined) return askedMs + UNKNOWN_ANSWER_MS
    const { meanMs, sigmaMs } = times
    const silentSinceMs = (this.#peers[slot] as PeerSpeed).silentSinceMs
    if (need === 'nobody') return silentSinceMs + Math.max(SILENCE_AT_END_MS, meanMs + sigmaMs)
    const lostMs = askedMs + LOST_MEANS * meanMs + sigmaMs
    const patience = need === 'read' ? 1 : 2
    return Math.min(lostMs, Math.max(askedMs, silentSinceMs) + patience * (meanMs + sigmaMs))
  }

  /**
   * How long the block at this place of the peer's queue (1 is the next) still takes at its rate; `Infinity`
   * while it stalls, 0 while nothing is known of it.
   */
  leftMs(nowMs: Millis, slot: PeerSlot, place: number): number {
    const peer = this.#peers[slot]
    if (peer === undefined || peer.answers.samples === 0) return 0
    if (peer.isStalled) return Number.POSITIVE_INFINITY
    return peer.silentSinceMs + place * this.blockMs(slot) - nowMs
  }

  /** Its own answer times, or those of all while it has too few; `undefined` while nobody has enough. */
  #timesOf(slot: PeerSlot): AnswerTimes | undefined {
    const own = this.#peers[slot]?.answers
    if (own !== undefined && own.samples >= SAMPLES_MIN) return own
    return this.#ofAll.samples >= SAMPLES_MIN ? this.#ofAll : undefined
  }

  /** How long one more block asked of this peer would take: what is on its way, its rate, its delay. */
  answerMs(slot: PeerSlot): number {
    const ahead = this.#outstandingOf(slot) + this.drainingOf(this.#nowMs, slot)
    return this.roundTripMs(slot) + (ahead + 1) * this.blockMs(slot)
  }

  roundTripMs(slot: PeerSlot): number {
    const roundTripMs = this.#peers[slot]?.link.roundTripMs ?? Number.POSITIVE_INFINITY
    return Number.isFinite(roundTripMs) ? roundTripMs : UNKNOWN_ROUND_TRIP_MS
  }

  /** Milliseconds a block takes at this peer's rate; a peer not measured yet counts as the mean of the others. */
  blockMs(slot: PeerSlot): number {
    const measured = this.#peers[slot]?.link.bytesPerSecond ?? 0
    return (BLOCK_BYTES * 1000) / (measured > 0 ? measured : this.#meanBytesPerSecond)
  }

  /** How long `bytes` more would take all peers together that can be asked, besides what is outstanding. */
  allAnswerMs(nowMs: Millis, bytes: number): number {
    this.#sum(nowMs)
    return this.#bestRoundTripMs + (bytes * 1000) / this.#bytesPerSecond
  }

  /** The shortest `answerMs` of all peers that can be asked. */
  bestAnswerMs(nowMs: Millis): number {
    this.#sum(nowMs)
    return this.#bestAnswerMs
  }

  #bestRoundTripMs = UNKNOWN_ROUND_TRIP_MS

  /** What is outstanding has changed at once, or who can be asked. */
  forgetSums(): void {
    this.#sumsAtMs = Number.NEGATIVE_INFINITY
  }

  #sum(nowMs: Millis): void {
    if (nowMs - this.#sumsAtMs < SUMS_KEPT_MS) return
    this.#sumsAtMs = nowMs
    let measured = 0
    let measuredCount = 0
    let unmeasuredCount = 0
    let bestAnswerMs = Number.POSITIVE_INFINITY
    let bestRoundTripMs = Number.POSITIVE_INFINITY
    for (let slot = 0; slot < this.#slotsUsed; slot++) {
      if (!this.canAsk(nowMs, slot) || this.isStalled(slot)) continue
      const rate = this.#peers[slot]?.link.bytesPerSecond ?? 0
      measured += rate
      if (rate > 0) measuredCount++
      else unmeasuredCount++
      bestAnswerMs = Math.min(bestAnswerMs, this.answerMs(slot))
      bestRoundTripMs = Math.min(bestRoundTripMs, this.roundTripMs(slot))
    }
    if (measuredCount > 0) this.#meanBytesPerSecond = measured / measuredCount
    this.#bytesPerSecond = Math.max(1, measured + unmeasuredCount * this.#meanBytesPerSecond)
    this.#bestAnswerMs = bestAnswerMs
    this.#bestRoundTripMs = bestRoundTripMs
  }
}
