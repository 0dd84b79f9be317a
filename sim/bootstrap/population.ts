// Who visits a bootstrap server: machines that come and go, some behind NATs, some with ids that do not fit
// their address, and crowds of bad ones. A machine is a number; its address follows from the number.
import type { SeededLuck } from '../random.ts'

/** Machines of the ordinary kind, two to a /24. */
export const MACHINES = 2 ** 23
/** Sybils fill these /24s to the last address, and always answer with valid ids. */
const SYBIL_NETWORKS = 8
export const SYBILS = SYBIL_NETWORKS * 254
export const FLOODER = MACHINES + SYBILS
const COUNT = FLOODER + 1

/** Odd, so that multiplying by it modulo a power of two loses nothing; and its inverse modulo 2^23. */
const SPREAD = 0x2c9277b5
const GATHER = inverseOf(SPREAD)

/** Session times: half of the visitors are gone after 22.5 minutes, a tail stays for hours. */
const SESSION_SCALE_MS = 22.5 * 60_000
const SESSION_MAX_MS = 8 * 3_600_000
/** With the sessions above this makes 55 % of the visitors not answer a ping 15 minutes later. */
const NAT_SHARE = 0.25
const STRAY_ID_SHARE = 0.1

export class Population {
  /** Until when each machine is up; written at its visits. */
  readonly #upUntilMs = new Float64Array(COUNT)
  /** When its last pong reached the server; -1 for never. */
  readonly answeredAtMs = new Float64Array(COUNT).fill(Number.NEGATIVE_INFINITY)
  readonly #luck: SeededLuck
  readonly #isNatted: (machine: number) => boolean
  readonly #hasStrayId: (machine: number) => boolean

  constructor(luck: SeededLuck) {
    this.#luck = luck
    const salt = luck.word()
    this.#isNatted = machine => share(machine, salt) < NAT_SHARE
    this.#hasStrayId = machine => share(machine, salt + 1) < STRAY_ID_SHARE
  }

  /** A machine visits; if it was down, a session begins. */
  visit(machine: number, nowMs: number): void {
    if (machine >= MACHINES || (this.#upUntilMs[machine] as number) > nowMs) return
    const sessionMs = SESSION_SCALE_MS * (1 / (1 - this.#luck.fraction()) - 1)
    this.#upUntilMs[machine] = nowMs + Math.min(sessionMs, SESSION_MAX_MS)
  }

  /** Whether a ping reaches it and its pong comes back, loss aside. */
  answers(machine: number, nowMs: number): boolean {
    if (machine >= MACHINES) return machine < FLOODER
    return (this.#upUntilMs[machine] as number) > nowMs && !this.#isNatted(machine)
  }

  hasValidId(machine: number): boolean {
    return machine >= MACHINES || !this.#hasStrayId(machine)
  }
}

/** Writes the IPv4 address of a machine. */
export function writeIp(machine: number, into: Uint8Array, at: number): void {
  if (machine >= MACHINES) {
    const sybil = machine - MACHINES
    into[at] = machine === FLOODER ? 99 : 90
    into[at + 1] = 1
    into[at + 2] = machine === FLOODER ? 1 : Math.floor(sybil / 254)
    into[at + 3] = machine === FLOODER ? 1 : 1 + (sybil % 254)
    return
  }
  const place = Math.imul(machine, SPREAD) & (MACHINES - 1)
  into[at] = 20 + (place >>> 17)
  into[at + 1] = place >>> 9
  into[at + 2] = place >>> 1
  into[at + 3] = 7 + (place & 1) * 128
}

/** The machine with that address, or -1 where there is none: then the address was spoofed. */
export function machineAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first === 99) return FLOODER
  if (first === 90)
    return MACHINES + (bytes[at + 2] as number) * 254 + (bytes[at + 3] as number) - 1
  if (first < 20 || first > 83) return -1
  const place =
    ((first - 20) << 17) |
    ((bytes[at + 1] as number) << 9) |
    ((bytes[at + 2] as number) << 1) |
    ((bytes[at + 3] as number) >> 7)
  return Math.imul(place, GATHER) & (MACHINES - 1)
}

function share(machine: number, salt: number): number {
  let mixed = Math.imul(machine ^ salt, 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35)
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 0x1_0000_0000
}

/** Newton's iteration: each round doubles the number of right bits. */
function inverseOf(odd: number): number {
  let inverse = odd
  for (let round = 0; round < 5; round++) {
    inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse))
  }
  return inverse
}
