// Which pieces failed their hash and how they are fetched again, and which peers sent good ones: so that one
// liar costs one piece time, and not one for each piece it takes part in.
//
// *elsewhere*: each block comes from another peer than before, all at full speed; where the two copies differ,
// one of the two senders lied. *alone*: the whole piece from one peer, so a second failure names it for sure.
import { type PeerSlot, SLOTS_MAX } from './request-table.ts'

/** Once from other peers, which usually tells the liar; then from one peer at a time. */
const ALONE_FROM_FAILURES = 2

interface Suspect {
  failures: number
  /** By block: who sent it last time, `SLOTS_MAX` for nobody. */
  readonly senders: Uint8Array
  /** Who fetches it alone, -1 while nobody was chosen. */
  chosen: PeerSlot
}

export class Suspects {
  readonly #pieces = new Map<number, Suspect>()
  /** Verified pieces that a peer had a part in since the last bad one. */
  readonly #trust = new Int32Array(SLOTS_MAX + 1)

  has(piece: number): boolean {
    return this.#pieces.size > 0 && this.#pieces.has(piece)
  }

  failuresOf(piece: number): number {
    return this.#pieces.get(piece)?.failures ?? 0
  }

  trustOf(slot: PeerSlot): number {
    return this.#trust[slot] as number
  }

  /** @param senders by block, taken over. */
  pieceFailed(piece: number, senders: Uint8Array): void {
    const failures = this.failuresOf(piece) + 1
    this.#pieces.set(piece, { failures, senders, chosen: -1 })
    for (const slot of senders) this.#trust[slot] = 0
  }

  /** One block is known to be bad: it must come from somebody else. */
  blockFailed(piece: number, block: { index: number; of: number; sender: PeerSlot }): void {
    const known = this.#pieces.get(piece)
    const senders = known?.senders ?? new Uint8Array(block.of).fill(SLOTS_MAX)
    senders[block.index] = block.sender
    this.#trust[block.sender] = 0
    if (known === undefined) {
      this.#pieces.set(piece, { failures: 0, senders, chosen: -1 })
    }
  }

  pieceVerified(piece: number, senders: Uint8Array): void {
    this.#pieces.delete(piece)
    let last = -1
    for (const slot of senders) {
      if (slot !== last) this.#trust[slot] = (this.#trust[slot] as number) + 1
      last = slot
    }
  }

  /** The slot names nobody, or somebody else, from here on. */
  peerLeft(slot: PeerSlot): void {
    this.#trust[slot] = 0
    this.unchoose(slot)
    for (const { senders } of this.#pieces.values()) {
      for (let index = 0; index < senders.length; index++) {
        if (senders[index] === slot) senders[index] = SLOTS_MAX
      }
    }
  }

  /** The peer cannot go on (choked, stalled, left): another has to be chosen where it was. */
  unchoose(slot: PeerSlot): void {
    for (const suspect of this.#pieces.values()) if (suspect.chosen === slot) suspect.chosen = -1
  }

  /** Whether only one peer may be asked for `piece`: from its second failure on. */
  isAlone(piece: number): boolean {
    return this.failuresOf(piece) >= ALONE_FROM_FAILURES
  }

  /** Who fetches `piece` alone, or -1 while nobody was chosen. */
  chosenFor(piece: number): PeerSlot {
    return this.#pieces.get(piece)?.chosen ?? -1
  }

  choose(piece: number, slot: PeerSlot): void {
    const suspect = this.#pieces.get(piece)
    if (suspect !== undefined) suspect.chosen = slot
  }

  /** Whether `slot` sent this block when it failed. */
  sentBefore(slot: PeerSlot, piece: number, index: number): boolean {
    return this.#pieces.get(piece)?.senders[index] === slot
  }
}
