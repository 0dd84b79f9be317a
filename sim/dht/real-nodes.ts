// A network made of nothing but real nodes: each is a DhtNode machine that enters by a router, learns its
// external address, takes the id that it is entitled to, and serves the others.
import type { Address } from '../../src/core/bytes/index.ts'
import type { Contact, DhtNotice, LookupWay, TaskCommand } from '../../src/core/dht/index.ts'
import { decodeKrpc, encodeKrpc, packContacts } from '../../src/core/wire/index.ts'
import type { Millis } from '../../src/core/world/index.ts'
import { MachineNode } from './machine-node.ts'
import { DatagramNetwork, type Resident } from './network.ts'

export interface RealNetworkOptions {
  readonly seed: number
  readonly count: number
  readonly lossShare: number
  /** Of the nodes; they hear only from whom they asked. */
  readonly nattedShare: number
  /** They all enter within this time. */
  readonly entryMs: Millis
}

const ROUTER = { ip: Uint8Array.of(12, 1, 1, 1), port: 6881 }
const ROUTERS = [{ host: '12.1.1.1', port: 6881 }]
const TASK_LIMIT_MS = 60_000

export class RealNetwork {
  readonly network: DatagramNetwork
  readonly nodes: MachineNode[] = []
  readonly #options: RealNetworkOptions
  readonly #taken = new Set<string>()
  #clients = 0
  #tasks = 0

  constructor(options: RealNetworkOptions) {
    this.#options = options
    this.network = new DatagramNetwork(options.seed, options.lossShare)
    new Entrance(this.network, ROUTER, count => this.#some(count))
  }

  /** Lets all nodes enter, and the network settle for `settleMs`. */
  grow(settleMs: Millis): void {
    const { count, entryMs } = this.#options
    for (let index = 0; index < count; index++) {
      this.network.plan((index / count) * entryMs, () => this.addNode())
    }
    this.network.run(entryMs + settleMs)
  }

  addNode(): MachineNode {
    const { luck } = this.network
    const isNatted = luck.chance(this.#options.nattedShare)
    const line = { oneWayMs: luck.between(10, 75), isNatted, group: this.nodes.length % 2 }
    const options = { routers: ROUTERS, isReadOnly: false }
    const node = new MachineNode(this.network, this.freeAddress(), line, options)
    this.nodes.push(node)
    return node
  }

  /** One node a /24. */
  freeAddress(): Address {
    const { luck } = this.network
    for (;;) {
      const ip = Uint8Array.of(20 + luck.below(60), luck.below(256), luck.below(256), 7)
      if (this.#taken.has(String(ip))) continue
      this.#taken.add(String(ip))
      return { ip, port: 6881 }
    }
  }

  /** Replaces `share` of the nodes by new ones, spread over `periodMs`. */
  churn(share: number, periodMs: Millis): void {
    const count = Math.round(this.nodes.length * share)
    const startMs = this.network.nowMs
    for (let index = 0; index < count; index++) {
      this.network.plan(startMs + (index / count) * periodMs, () => {
        const leaving = this.nodes.splice(this.network.luck.below(this.nodes.length), 1)[0]
        leaving?.turnOff()
        this.addNode()
      })
    }
    this.network.run(startMs + periodMs)
  }

  newClient(group = 0): MachineNode {
    const index = this.#clients++
    const address = { ip: Uint8Array.of(11, 1 + (index >> 8), index & 255, 9), port: 5000 }
    return new MachineNode(this.network, address, { oneWayMs: 5, group }, { routers: ROUTERS })
  }

  /** Runs one task of `node` to its end. */
  do(node: MachineNode, task: TaskWithoutNumber): DhtNotice[] {
    const number = ++this.#tasks
    const from = node.notices.length
    node.command({ ...task, task: number } as TaskCommand)
    const isLast = () => {
      const last = node.notices.at(-1)?.notice
      return node.notices.length > from && last !== undefined && isEnd(last, number)
    }
    this.network.run(this.network.nowMs + TASK_LIMIT_MS, isLast)
    if (!isLast()) throw new Error(`the task ${task.kind} did not end`)
    return node.notices.slice(from).map(({ notice }) => notice)
  }

  /** Whether a new client finds the peer that `announcer` announced. */
  finds(infohash: Uint8Array, peer: Address, way: LookupWay): boolean {
    const client = this.newClient()
    const notices = this.do(client, { kind: 'lookup', infohash, way })
    client.turnOff()
    return notices.some(
      notice =>
        notice.kind === 'peers' &&
        notice.peers.some(each => String(each.ip) === String(peer.ip) && each.port === peer.port),
    )
  }

  /** A random node that is on. */
  someNode(): MachineNode {
    return this.nodes[this.network.luck.below(this.nodes.length)] as MachineNode
  }

  #some(count: number): Contact[] {
    const picked: Contact[] = []
    for (let index = 0; index < count && this.nodes.length > 0; index++) {
      const node = this.someNode()
      const id = node.machine.status[0]?.ownId
      if (id !== undefined) picked.push({ id, address: node.address })
    }
    return picked
  }
}

type Numberless<Command> = Command extends TaskCommand ? Omit<Command, 'task'> : never
export type TaskWithoutNumber = Numberless<TaskCommand>

function isEnd(notice: DhtNotice, task: number): boolean {
  const isMiddle = notice.kind === 'peers' || notice.kind === 'item' || notice.kind === 'samples'
  return notice.task === task && !isMiddle
}

/** A bootstrap server: hands out nodes that are on, keeps nothing. */
class Entrance implements Resident {
  readonly #network: DatagramNetwork
  readonly #address: Address
  readonly #pick: (count: number) => Contact[]
  readonly #id: Uint8Array

  constructor(network: DatagramNetwork, address: Address, pick: (count: number) => Contact[]) {
    this.#network = network
    this.#address = address
    this.#pick = pick
    this.#id = network.luck.bytes(20)
    network.attach(address, this, { oneWayMs: 25 })
  }

  receive(_nowMs: Millis, from: Address, bytes: Uint8Array): void {
    const query = decodeKrpc(bytes)
    if (query.kind !== 'query') return
    const transaction = query.transaction.slice()
    const nodes = packContacts(this.#pick(16), 4)
    const response = { kind: 'response', transaction, id: this.#id, ip: from, nodes } as const
    this.#network.send(this.#address, from, encodeKrpc(response))
  }
}
