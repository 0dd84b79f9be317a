// Virtual time and the hosts that live in it: performs the ten verbs of `core/world` with a heap and a
// seed. A run is a commit and a seed; nothing else moves it.
import { createHash } from 'node:crypto'
import type { Address } from '../src/core/bytes/index.ts'
import type {
  ConnectionId,
  Digests,
  Machine,
  Millis,
  Notify,
  WorldEffect,
  WorldInput,
} from '../src/core/world/index.ts'
import { SimDisk } from './disk.ts'
import { EventHeap } from './heap.ts'
import { type Endpoint, type Link, Network } from './network.ts'
import { SeededLuck } from './random.ts'

/** Digests by the platform's own implementation: pure functions, so a run stays a function of its seed. */
export const digests: Digests = {
  sha1: bytes => createHash('sha1').update(bytes).digest(),
  sha256: bytes => createHash('sha256').update(bytes).digest(),
}

/** How long a hash takes per MiB: what one core needs for SHA-1 (docs/measures.md). */
const HASH_MS_PER_MIB = 0.5

/** A host whose machine takes inputs of `core/world` and its own, and whose notices are `Notice`. */
export interface HostOptions<Input, Notice> {
  readonly address: Address
  readonly link: Link
  readonly machine: Machine<Input | WorldInput, WorldEffect | Notify<Notice>>
  readonly isListening?: boolean
  /** What an earlier host left behind; absent: an empty, fast disk and nothing saved. */
  readonly disk?: SimDisk
  readonly saved?: Map<string, Uint8Array>
  /** What a resolver answers; hosts that are not in it do not exist. */
  readonly names?: ReadonlyMap<string, readonly Uint8Array[]>
  readonly onNotice?: (notice: Notice, nowMs: Millis) => void
}

/** Looks at the world after every step; throws where an invariant does not hold. */
export type Check = (world: World) => void

/** A datagram, or a run of TCP bytes, that a host lets go. */
export interface Packet {
  readonly from: Address
  readonly to: Address
  readonly bytes: Uint8Array
  /** Absent: UDP. */
  readonly connection?: ConnectionId
}

/** Sees every packet of every host before the network does. */
export type Wiretap = (packet: Packet) => void

export class World {
  readonly seed: number
  readonly luck: SeededLuck
  readonly network: Network
  readonly checks: Check[] = []
  readonly wiretaps: Wiretap[] = []
  readonly #heap = new EventHeap()
  #nowMs: Millis = 0
  #steps = 0

  constructor(seed: number) {
    this.seed = seed
    this.luck = new SeededLuck(seed)
    this.network = new Network(this.#heap, () => this.#nowMs)
  }

  get nowMs(): Millis {
    return this.#nowMs
  }

  get steps(): number {
    return this.#steps
  }

  /** Something of the scenario's own that happens `afterMs` from now. */
  plan(afterMs: Millis, run: () => void): void {
    this.#heap.plan(this.#nowMs + afterMs, run)
  }

  addHost<Input, Notice>(options: HostOptions<Input, Notice>): Host<Input, Notice> {
    const host = new Host(this, options)
    this.network.attach(options.address, options.link, this.luck.fork(), host)
    return host
  }

  /** Runs what is due until `untilMs`, or until `isOver` says so. @returns whether `isOver` did. */
  run(untilMs: Millis, isOver: () => boolean = () => false): boolean {
    while (!isOver()) {
      if (this.#heap.nextAtMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs)
        return false
      }
      const event = this.#heap.take()
      if (event === undefined) return false
      this.#nowMs = event.atMs
      try {
        event.run()
        this.#steps++
        for (const check of this.checks) check(this)
      } catch (error) {
        const where = `seed ${this.seed}, step ${this.#steps}, ${this.#nowMs.toFixed(3)} ms`
        throw new Error(`${(error as Error).message} (${where})`, { cause: error })
      }
    }
    return true
  }
}

/** A machine, its address, its disk and its saved state. */
export class Host<Input, Notice> implements Endpoint {
  readonly address: Address
  readonly link: Link
  readonly disk: SimDisk
  /** What `save` kept; it outlives the host, as a disk does. */
  readonly saved: Map<string, Uint8Array>
  isOn = true
  readonly isListening: boolean
  readonly #world: World
  readonly #options: HostOptions<Input, Notice>
  readonly #targets = new Map<ConnectionId, Address>()
  #wakeAtMs: Millis = Number.POSITIVE_INFINITY
  #accepted = 0

  constructor(world: World, options: HostOptions<Input, Notice>) {
    this.#world = world
    this.#options = options
    this.address = options.address
    this.link = options.link
    this.isListening = options.isListening ?? false
    this.disk = options.disk ?? new SimDisk(world.luck.fork())
    this.saved = options.saved ?? new Map()
  }

  get machine(): Machine<Input | WorldInput, WorldEffect | Notify<Notice>> {
    return this.#options.machine
  }

  nextAccepted(): ConnectionId {
    this.#accepted += 2
    return this.#accepted
  }

  /** Gives the machine one input now and performs what it asks for. */
  deliver(input: Input | WorldInput): void {
    if (!this.isOn) return
    const kind = (input as WorldInput).kind
    if (kind === 'tcp-accepted') {
      const accepted = input as Extract<WorldInput, { kind: 'tcp-accepted' }>
      this.#targets.set(accepted.connection, accepted.from)
    }
    this.machine.step(this.#world.nowMs, input)
    for (const effect of this.machine.drain()) this.#perform(effect)
    this.#planWake()
  }

  /** As `kill -9` does, or a power loss, which also tears what no fsync covered. */
  kill(how: 'killed' | 'power-loss'): void {
    this.isOn = false
    this.#world.network.detach(this.address)
    if (how === 'killed') this.disk.kill()
    else this.disk.crash()
  }

  #planWake(): void {
    const dueMs = this.machine.wakeAtMs
    if (dueMs >= this.#wakeAtMs || dueMs === Number.POSITIVE_INFINITY) return
    this.#wakeAtMs = dueMs
    this.#world.plan(Math.max(0, dueMs - this.#world.nowMs), () => {
      if (this.#wakeAtMs !== dueMs) return
      this.#wakeAtMs = Number.POSITIVE_INFINITY
      if (this.machine.wakeAtMs <= this.#world.nowMs) this.deliver({ kind: 'wake' })
      else this.#planWake()
    })
  }

  #perform(effect: WorldEffect | Notify<Notice>): void {
    const { network } = this.#world
    if (effect.kind === 'udp-send') {
      this.#tap({ from: this.address, to: effect.to, bytes: effect.bytes })
      network.sendUdp(this.address, effect.to, effect.bytes)
    } else if (effect.kind === 'tcp-dial') {
      this.#targets.set(effect.connection, effect.to)
      network.dial(this.address, effect.connection, effect.to, effect.timeoutMs)
    } else if (effect.kind === 'tcp-send') {
      const to = this.#targets.get(effect.connection)
      const { connection, bytes } = effect
      if (to !== undefined) this.#tap({ from: this.address, to, bytes, connection })
      network.sendTcp(this.address, effect.connection, effect.bytes)
    } else if (effect.kind === 'tcp-close') {
      this.#targets.delete(effect.connection)
      network.close(this.address, effect.connection)
    } else if (effect.kind === 'notify') {
      this.#options.onNotice?.(effect.notice, this.#world.nowMs)
    } else this.#performSlow(effect)
  }

  #performSlow(effect: WorldEffect): void {
    if (effect.kind === 'disk-read' || effect.kind === 'disk-write') {
      const { afterMs, answer } = this.disk.perform(effect, this.#world.nowMs)
      this.#world.plan(afterMs, () => this.deliver(answer()))
    } else if (effect.kind === 'hash') {
      const digest = digests[effect.algorithm](effect.bytes)
      const afterMs = (effect.bytes.length / 2 ** 20) * HASH_MS_PER_MIB
      this.#world.plan(afterMs, () =>
        this.deliver({ kind: 'hashed', request: effect.request, digest }),
      )
    } else if (effect.kind === 'save') {
      if (effect.bytes === null) this.saved.delete(effect.name)
      else this.saved.set(effect.name, effect.bytes.slice())
    } else if (effect.kind === 'resolve') {
      const addresses = this.#options.names?.get(effect.host) ?? []
      this.#world.plan(this.link.delayMs * 2, () =>
        this.deliver({ kind: 'resolved', request: effect.request, addresses }),
      )
    }
  }

  #tap(packet: Packet): void {
    for (const wiretap of this.#world.wiretaps) wiretap(packet)
  }
}

/** `10.x.y.z` for host `index`, one in each /24, so that rules about crowds of neighbours do not bite. */
export function hostAddress(index: number, port = 6881): Address {
  return { ip: Uint8Array.of(10 + (index >> 16), (index >> 8) & 255, index & 255, 1), port }
}
