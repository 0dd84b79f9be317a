// A network of datagrams in virtual time, small enough for ten thousand nodes in one process: delay, loss,
// NATs and partitions, all from one seed. Floods and long lookups of the DHT run here; whole clients run
// in `sim/world.ts`.
import type { Address } from '../../src/core/bytes/index.ts'
import type { Millis } from '../../src/core/world/index.ts'
import { EventHeap } from '../heap.ts'
import { SeededLuck } from '../random.ts'

/** Whatever lives at an address. */
export interface Resident {
  receive(nowMs: Millis, from: Address, bytes: Uint8Array): void
}

export interface Line {
  /** Half of the round trip that this end adds. */
  readonly oneWayMs: Millis
  /** Behind a NAT: hears only from where it has sent lately. */
  readonly isNatted?: boolean
  /** Nodes of another group are out of reach while the network is parted; without one, of none. */
  readonly group?: number
}

interface Seat {
  readonly resident: Resident
  readonly line: Line
  /** When it last sent to each endpoint; only for those behind a NAT. */
  readonly sentMs: Map<number, Millis>
}

/** A mapping of a NAT lives for this long after the last datagram out. */
const NAT_LIFE_MS = 60_000

export type DatagramTap = (from: Address, to: Address, bytes: Uint8Array) => void

export class DatagramNetwork {
  readonly luck: SeededLuck
  readonly taps: DatagramTap[] = []
  /** Who lives where nobody was seated: a crowd too large to be seated one by one. */
  lodger: ((address: Address) => { resident: Resident; line: Line } | undefined) | undefined
  isParted = false
  lossShare: number
  datagrams = 0
  readonly #heap = new EventHeap()
  readonly #seats = new Map<number, Seat>()
  #nowMs: Millis = 0

  constructor(seed: number, lossShare: number) {
    this.luck = new SeededLuck(seed)
    this.lossShare = lossShare
  }

  get nowMs(): Millis {
    return this.#nowMs
  }

  attach(address: Address, resident: Resident, line: Line): void {
    this.#seats.set(keyOf(address), { resident, line, sentMs: new Map() })
  }

  detach(address: Address): void {
    this.#seats.delete(keyOf(address))
  }

  has(address: Address): boolean {
    return this.#seats.has(keyOf(address))
  }

  plan(atMs: Millis, run: () => void): void {
    this.#heap.plan(atMs, run)
  }

  /** Sends as `from`, who need not live there: anybody can forge a sender. */
  send(from: Address, to: Address, bytes: Uint8Array): void {
    this.datagrams++
    for (const tap of this.taps) tap(from, to, bytes)
    const sender = this.#seatAt(from)
    if (sender?.line.isNatted === true) sender.sentMs.set(keyOf(to), this.#nowMs)
    if (this.luck.chance(this.lossShare)) return
    const farMs = this.#seatAt(to)?.line.oneWayMs
    if (farMs === undefined) return
    const delayMs = (sender?.line.oneWayMs ?? 20) + farMs + this.luck.between(0, 3)
    this.#heap.plan(this.#nowMs + delayMs, () => this.#arrive(from, to, bytes))
  }

  #arrive(from: Address, to: Address, bytes: Uint8Array): void {
    const seat = this.#seatAt(to)
    if (seat === undefined) return
    const { isNatted, group } = seat.line
    if (isNatted === true) {
      const sentMs = seat.sentMs.get(keyOf(from))
      if (sentMs === undefined || this.#nowMs - sentMs > NAT_LIFE_MS) return
    }
    const other = this.#seatAt(from)?.line.group
    const isAcross = group !== undefined && other !== undefined && group !== other
    if (this.isParted && isAcross) return
    seat.resident.receive(this.#nowMs, from, bytes)
  }

  #seatAt(address: Address): Seat | undefined {
    const seat = this.#seats.get(keyOf(address))
    if (seat !== undefined) return seat
    const lodged = this.lodger?.(address)
    return lodged === undefined ? undefined : { ...lodged, sentMs: new Map() }
  }

  /** Runs until `untilMs` or until `isOver`; says whether it was over. */
  run(untilMs: Millis, isOver: () => boolean = () => false): boolean {
    while (!isOver()) {
      if (this.#heap.nextAtMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs)
        return false
      }
      const event = this.#heap.take()
      if (event === undefined) return false
      this.#nowMs = Math.max(this.#nowMs, event.atMs)
      event.run()
    }
    return true
  }
}

/** IPv4 only, as a number; simulated networks need no more. */
export function keyOf({ ip, port }: Address): number {
  const [a, b, c, d] = ip as unknown as [number, number, number, number]
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) * 0x10000 + port
}
