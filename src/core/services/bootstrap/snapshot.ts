// What of the ring survives a restart: rows of a node as it goes out and the age of its last pong. A row
// that is too old by the time it is read is not handed out but pinged, without the wait.
import { assert } from '../../bytes/index.ts'
import type { Endpoint } from './cookie.ts'
import { ID_SIZE } from './node-store.ts'
import type { NodeRing, VerifiedNode } from './ring.ts'
import {
  LEVEL_MAX,
  RECHECK_MAX_TICKS,
  RECHECK_TICKS,
  RESTORED_OVERDUE_LIMIT_TICKS,
  TICK_MS,
  type Tick,
} from './schedule.ts'

const TICKS_A_SECOND = 1000 / TICK_MS
const AGE_SIZE = 2
const AGE_BITS = 13
const AGE_LIMIT_SECONDS = 2 ** AGE_BITS - 1
/** From the turn that is overdue most to the one that is furthest away, in seconds. */
const TURNS_SECONDS = (RESTORED_OVERDUE_LIMIT_TICKS + RECHECK_MAX_TICKS) / TICKS_A_SECOND

/** Bytes of a row: id, IP, port, and 16 bits, big endian, of which 3 are the level and 13 the age in seconds. */
export const snapshotRowSize = (ipSize: 4 | 16): number => ID_SIZE + ipSize + 2 + AGE_SIZE

/**
 * The rows of `count` nodes from position `from` on, fewer at the end. Nodes move while a snapshot is
 * taken in pieces: one may be missing or come twice, and the reader passes over what comes twice.
 */
export function saveRows(ring: NodeRing, now: Tick, from: number, count: number): Uint8Array {
  const { store } = ring
  const rowSize = store.nodeSize + AGE_SIZE
  const end = Math.min(from + count, ring.count)
  const rows = new Uint8Array(Math.max(0, end - from) * rowSize)
  for (let position = from, at = 0; position < end; position++, at += rowSize) {
    const start = store.offsetOf(position)
    rows.set(store.chunkOf(position).bytes.subarray(start, start + store.nodeSize), at)
    const age = Math.ceil(ring.ageTicksOf(now, position) / TICKS_A_SECOND)
    const mark = (ring.levelOf(position) << AGE_BITS) | Math.min(age, AGE_LIMIT_SECONDS)
    rows[at + store.nodeSize] = mark >> 8
    rows[at + store.nodeSize + 1] = mark
  }
  return rows
}

export interface RestoreOptions {
  readonly ring: NodeRing
  readonly perNetworkMax: number
  readonly now: Tick
  /** The socket through which restored nodes are pinged. */
  readonly socket: number
  /** Whether this endpoint and id may be in the ring at all. */
  readonly isGood: (node: Endpoint, idBytes: Uint8Array, idAt: number) => boolean
  /** Takes those that are too old to be handed out. */
  readonly recheck: (node: Endpoint, socket: number) => void
}

export interface Restored {
  /** Nodes that are handed out at once. */
  fresh: number
  /** Nodes that must answer first. */
  stale: number
  /** Rows that say nothing of use: a wrong id or address, a second one, or no room. */
  refused: number
}

/** Reads snapshots into an empty ring. Nothing else may touch the ring until `finish`. */
export class Restorer {
  readonly #options: RestoreOptions
  readonly #result: Restored = { fresh: 0, stale: 0, refused: 0 }
  /** When each row of the ring has its turn, by position: seconds after the earliest that there can be. */
  #turns = new Uint16Array(1024)

  /** The node of one row after another: millions of objects would be half of the cost. */
  readonly #node: { -readonly [Part in keyof VerifiedNode]: VerifiedNode[Part] }

  constructor(options: RestoreOptions) {
    assert(options.ring.count === 0, 'snapshots are read into an empty ring')
    this.#options = options
    const rows = new Uint8Array(0)
    const { ipSize } = options.ring.store
    const { socket } = options
    this.#node = { ip: rows, ipAt: 0, ipSize, port: 0, idBytes: rows, idAt: 0, socket }
  }

  /** Makes room for so many more rows. */
  reserve(rows: number): void {
    const { ring } = this.#options
    ring.reserve(ring.count + rows)
  }

  /**
   * @param rows whole rows, lent.
   * @param elapsedSeconds whole ones since they were saved; `Infinity` where nobody knows.
   */
  add(rows: Uint8Array, elapsedSeconds: number): void {
    const { store } = this.#options.ring
    const rowSize = store.nodeSize + AGE_SIZE
    for (let at = 0; at + rowSize <= rows.length; at += rowSize) {
      this.#result[this.#addRow(rows, at, elapsedSeconds)]++
    }
  }

  /** Puts the rows in the order in which they are due. */
  finish(): Restored {
    const { ring } = this.#options
    const starts = new Uint32Array(TURNS_SECONDS + 2)
    for (let position = 0; position < ring.count; position++) {
      const turn = this.#turns[position] as number
      starts[turn + 1] = (starts[turn + 1] as number) + 1
    }
    for (let turn = 1; turn < starts.length; turn++) {
      starts[turn] = (starts[turn] as number) + (starts[turn - 1] as number)
    }
    const order = new Uint32Array(ring.count)
    for (let position = 0; position < ring.count; position++) {
      const turn = this.#turns[position] as number
      order[starts[turn] as number] = position
      starts[turn] = (starts[turn] as number) + 1
    }
    for (const position of order) ring.settle(position)
    return this.#result
  }

  #addRow(rows: Uint8Array, at: number, elapsedSeconds: number): keyof Restored {
    const { ring, now } = this.#options
    const ageAt = at + ring.store.nodeSize
    const ipAt = at + ID_SIZE
    const node = this.#node
    node.ip = rows
    node.ipAt = ipAt
    node.port = ((rows[ageAt - 2] as number) << 8) | (rows[ageAt - 1] as number)
    node.idBytes = rows
    node.idAt = at
    if (!this.#options.isGood(node, rows, at)) return 'refused'
    const mark = ((rows[ageAt] as number) << 8) | (rows[ageAt + 1] as number)
    const level = Math.min(mark >> AGE_BITS, LEVEL_MAX)
    const ageTicks = ((mark & AGE_LIMIT_SECONDS) + elapsedSeconds) * TICKS_A_SECOND
    const inTicks = (RECHECK_TICKS[level] as number) - ageTicks
    if (inTicks < -RESTORED_OVERDUE_LIMIT_TICKS) {
      this.#options.recheck(node, node.socket)
      return 'stale'
    }
    const neighbours = ring.countNetwork(rows, ipAt)
    if (ring.isFull || neighbours >= this.#options.perNetworkMax) return 'refused'
    if (neighbours > 0 && ring.find(rows, ipAt) >= 0) return 'refused'
    this.#noteTurn(ring.count, (inTicks + RESTORED_OVERDUE_LIMIT_TICKS) / TICKS_A_SECOND)
    ring.append(node, now + inTicks, level)
    return 'fresh'
  }

  #noteTurn(position: number, seconds: number): void {
    if (position === this.#turns.length) {
      const larger = new Uint16Array(this.#turns.length * 2)
      larger.set(this.#turns)
      this.#turns = larger
    }
    this.#turns[position] = seconds
  }
}
