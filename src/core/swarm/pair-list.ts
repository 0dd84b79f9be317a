// Requests that the swarm has to cancel: pairs of slot and block, in typed arrays that only grow.
import type { BlockNumber } from './layout.ts'
import type { PeerSlot } from './request-table.ts'

export class PairList {
  count = 0
  slots = new Int32Array(64)
  blocks = new Int32Array(64)

  push(slot: PeerSlot, block: BlockNumber): void {
    if (this.count === this.slots.length) this.#grow()
    this.slots[this.count] = slot
    this.blocks[this.count++] = block
  }

  clear(): void {
    this.count = 0
  }

  #grow(): void {
    const { slots, blocks } = this
    this.slots = new Int32Array(this.count * 2)
    this.slots.set(slots)
    this.blocks = new Int32Array(this.count * 2)
    this.blocks.set(blocks)
  }
}
