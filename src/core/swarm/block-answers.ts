// What a block is worth when it comes: wanted, there already, or never asked for. The hot path: nothing is
// allocated here.
import type { Millis } from '../world/index.ts'
import { NOT_OPEN } from './block-table.ts'
import type { BlockNumber } from './layout.ts'
import type { PeerSpeeds } from './peer-speeds.ts'
import type { PieceStates } from './piece-states.ts'
import { NO_ROW, type PeerSlot, type Row } from './request-table.ts'

/** What became of a block: `completes` is an accepted one after which its piece can be hashed. */
export type Reception = 'accepted' | 'completes' | 'duplicate' | 'unasked'

export class BlockAnswers {
  /** When the block that was received last had been asked for. */
  askedAtMs: Millis = 0
  readonly #states: PieceStates
  readonly #speeds: PeerSpeeds

  constructor(states: PieceStates, speeds: PeerSpeeds) {
    this.#states = states
    this.#speeds = speeds
  }

  isExpected(slot: PeerSlot, block: BlockNumber): boolean {
    if (this.#findLive(slot, block) !== NO_ROW) return true
    const { requests } = this.#states
    if (requests.ghostsOf(slot) === 0) return false
    return this.#isMissing(block) && requests.findGhost(slot, block) !== NO_ROW
  }

  received(nowMs: Millis, slot: PeerSlot, block: BlockNumber): Reception {
    const { requests } = this.#states
    const row = this.#findLive(slot, block)
    if (row !== NO_ROW) return this.#accept(nowMs, slot, row)
    const ghost = requests.findGhost(slot, block)
    if (ghost === NO_ROW) {
      this.#states.wastedBlocks++
      return 'unasked'
    }
    this.#speeds.noteDrained(slot)
    if (this.#isMissing(block)) {
      const reception = this.#accept(nowMs, slot, ghost)
      requests.remove(ghost)
      return reception
    }
    this.#speeds.noteBlock(nowMs, slot, requests.askedMs[ghost] as Millis)
    requests.remove(ghost)
    this.#states.wastedBlocks++
    return 'duplicate'
  }

  /** The request, live or withdrawn, will not be answered. @returns whether its block became free. */
  withdrawn(slot: PeerSlot, block: BlockNumber): boolean {
    const { requests } = this.#states
    const row = this.#findLive(slot, block)
    if (row !== NO_ROW) {
      this.#states.forget(row)
      return true
    }
    const ghost = requests.findGhost(slot, block)
    if (ghost !== NO_ROW) requests.remove(ghost)
    return false
  }

  #accept(nowMs: Millis, slot: PeerSlot, row: Row): Reception {
    const states = this.#states
    const block = states.requests.block[row] as BlockNumber
    const open = states.openOf(states.blocks.pieceOf(block))
    this.askedAtMs = states.requests.askedMs[row] as Millis
    this.#speeds.noteBlock(nowMs, slot, this.askedAtMs)
    states.receive(slot, open, block)
    return states.table.isInFlight(open) ? 'accepted' : 'completes'
  }

  #findLive(slot: PeerSlot, block: BlockNumber): Row {
    const { table, blocks } = this.#states
    const open = this.#states.openOf(blocks.pieceOf(block))
    return open === NOT_OPEN ? NO_ROW : table.findRow(open, block % blocks.perPiece, slot)
  }

  /** Whether the block's piece is open and the block not received. */
  #isMissing(block: BlockNumber): boolean {
    const { table, blocks } = this.#states
    const open = this.#states.openOf(blocks.pieceOf(block))
    return open !== NOT_OPEN && !table.isReceived(open, block % blocks.perPiece)
  }
}
