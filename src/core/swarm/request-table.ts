// Who was asked for which block, and when: one row per request, in typed arrays with links, so that asking
// and answering allocate nothing. A row is *live*, or a *ghost*: cancelled, but the peer may have sent the
// block before it heard of that, and such a block is still welcome where it is missing.
import { assert } from '../bytes/index.ts'
import type { Millis } from '../world/index.ts'
import type { BlockNumber } from './layout.ts'

/** A peer's place in the tables: small and dense; used again only after the peer left. */
export type PeerSlot = number & { readonly brand?: 'slot' }
export type Row = number

/** Connections are far fewer; one byte per block then names the sender, and 255 means nobody. */
export const SLOTS_MAX = 255
/** 64 peers with the longest pipeline there is. */
export const REQUESTS_MAX = 65_536
const ROWS_AT_START = 1024
/** As many as one pipeline holds: after a seek all of it may be on its way. */
export const GHOSTS_PER_SLOT_MAX = 1024
/** Ghosts of all peers; beyond it the oldest of the same peer is forgotten, so that asking never starves. */
export const GHOSTS_MAX = 16_384

export const NO_ROW = -1
/** List heads: the live rows of slot `s` hang at `s`, its ghosts at `SLOTS_MAX + s`. */
const LISTS = SLOTS_MAX * 2

export class RequestTable {
  block = new Int32Array(ROWS_AT_START)
  slot = new Uint8Array(ROWS_AT_START)
  askedMs = new Float64Array(ROWS_AT_START)
  /** The next request for the same block; set by the block table. */
  nextOfBlock = new Int32Array(ROWS_AT_START)
  #isGhost = new Uint8Array(ROWS_AT_START)
  #next = new Int32Array(ROWS_AT_START)
  #previous = new Int32Array(ROWS_AT_START)
  readonly #head = new Int32Array(LISTS).fill(NO_ROW)
  readonly #tail = new Int32Array(LISTS).fill(NO_ROW)
  readonly #counts = new Int32Array(LISTS)
  #free = NO_ROW
  #used = 0
  #liveCount = 0

  /** Live requests of all peers together. */
  get liveCount(): number {
    return this.#liveCount
  }

  get roomLeft(): number {
    return REQUESTS_MAX - this.#used
  }

  liveOf(slot: PeerSlot): number {
    return this.#counts[slot] as number
  }

  ghostsOf(slot: PeerSlot): number {
    return this.#counts[SLOTS_MAX + slot] as number
  }

  /** The oldest live row of `slot`, or `NO_ROW`; go on with `after`. */
  firstLive(slot: PeerSlot): Row {
    return this.#head[slot] as Row
  }

  firstGhost(slot: PeerSlot): Row {
    return this.#head[SLOTS_MAX + slot] as Row
  }

  after(row: Row): Row {
    return this.#next[row] as Row
  }

  /** Notes that `slot` is asked for `block` now. The caller has seen that there is room. */
  add(nowMs: Millis, slot: PeerSlot, block: BlockNumber): Row {
    const row = this.#take()
    this.block[row] = block
    this.slot[row] = slot
    this.askedMs[row] = nowMs
    this.nextOfBlock[row] = NO_ROW
    this.#isGhost[row] = 0
    this.#append(slot, row)
    this.#liveCount++
    return row
  }

  /** Forgets a row, live or ghost. */
  remove(row: Row): void {
    if (this.#isGhost[row] === 1) this.#unlink(SLOTS_MAX + (this.slot[row] as number), row)
    else {
      this.#unlink(this.slot[row] as number, row)
      this.#liveCount--
    }
    this.#next[row] = this.#free
    this.#free = row
    this.#used--
  }

  /** The request is withdrawn; its answer may come all the same. The oldest ghost yields to the newest. */
  makeGhost(row: Row): void {
    assert(this.#isGhost[row] === 0, 'request withdrawn twice')
    const slot = this.slot[row] as number
    this.#unlink(slot, row)
    this.#liveCount--
    this.#isGhost[row] = 1
    this.nextOfBlock[row] = NO_ROW
    this.#append(SLOTS_MAX + slot, row)
    const isFull = this.#used - this.#liveCount > GHOSTS_MAX
    if (isFull || this.ghostsOf(slot) > GHOSTS_PER_SLOT_MAX) this.remove(this.firstGhost(slot))
  }

  /** The ghost of `block` at `slot`, or `NO_ROW`. Answers come nearly in the order of asking. */
  findGhost(slot: PeerSlot, block: BlockNumber): Row {
    let row = this.firstGhost(slot)
    while (row !== NO_ROW && this.block[row] !== block) row = this.#next[row] as Row
    return row
  }

  #append(list: number, row: Row): void {
    const tail = this.#tail[list] as Row
    this.#previous[row] = tail
    this.#next[row] = NO_ROW
    if (tail === NO_ROW) this.#head[list] = row
    else this.#next[tail] = row
    this.#tail[list] = row
    this.#counts[list] = (this.#counts[list] as number) + 1
  }

  #unlink(list: number, row: Row): void {
    const previous = this.#previous[row] as Row
    const next = this.#next[row] as Row
    if (previous === NO_ROW) this.#head[list] = next
    else this.#next[previous] = next
    if (next === NO_ROW) this.#tail[list] = previous
    else this.#previous[next] = previous
    this.#counts[list] = (this.#counts[list] as number) - 1
  }

  #take(): Row {
    assert(this.#used < REQUESTS_MAX, 'request table is full')
    if (this.#free === NO_ROW) {
      if (this.#used === this.block.length) this.#grow()
      return this.#used++
    }
    const row = this.#free
    this.#free = this.#next[row] as Row
    this.#used++
    return row
  }

  #grow(): void {
    const rows = this.block.length * 2
    this.block = widened(this.block, new Int32Array(rows))
    this.slot = widened(this.slot, new Uint8Array(rows))
    this.askedMs = widened(this.askedMs, new Float64Array(rows))
    this.nextOfBlock = widened(this.nextOfBlock, new Int32Array(rows))
    this.#isGhost = widened(this.#isGhost, new Uint8Array(rows))
    this.#next = widened(this.#next, new Int32Array(rows))
    this.#previous = widened(this.#previous, new Int32Array(rows))
  }
}

function widened<T extends Int32Array | Uint8Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}
