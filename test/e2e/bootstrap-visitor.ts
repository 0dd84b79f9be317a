// A small DHT node on loopback for tests of the bootstrap server: asks when told to, answers every ping.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type Address, formatIp } from '../../src/core/bytes/index.ts'
import { nodeIdFor } from '../../src/core/dht/index.ts'
import {
  decodeKrpc,
  encodeKrpc,
  type KrpcError,
  type KrpcMessage,
  type KrpcResponse,
  parseContacts,
} from '../../src/core/wire/index.ts'
import { systemLuck } from '../../src/node/open-dht.ts'

export class Visitor implements AsyncDisposable {
  readonly ip: Uint8Array
  readonly id: Uint8Array
  readonly #socket: Socket
  readonly #answers = new Map<string, (answer: KrpcResponse | KrpcError) => void>()
  #pings = 0
  #onPing: () => void = () => undefined
  #transactions = 0

  private constructor(ip: Uint8Array, socket: Socket) {
    this.ip = ip
    this.id = nodeIdFor(ip, 1, systemLuck)
    this.#socket = socket
    socket.on('message', (bytes, from) => this.#take(decodeKrpc(bytes), from.port, from.address))
  }

  static async open(ip: Uint8Array): Promise<Visitor> {
    const socket = createSocket(ip.length === 4 ? 'udp4' : 'udp6')
    socket.bind(0, formatIp(ip))
    await once(socket, 'listening')
    return new Visitor(ip, socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** The answer to a query; find_node where nothing else is said. */
  ask(server: Address, more: Record<string, unknown> = {}): Promise<KrpcResponse | KrpcError> {
    const number = this.#transactions++
    const transaction = Uint8Array.of(number >> 8, number)
    const query = {
      kind: 'query',
      method: 'find_node',
      transaction,
      id: this.id,
      target: new Uint8Array(20),
      isReadOnly: false,
      ...more,
    } as KrpcMessage
    return new Promise(resolve => {
      this.#answers.set(`${number >> 8},${number & 255}`, resolve)
      this.#socket.send(encodeKrpc(query), server.port, formatIp(server.ip))
    })
  }

  /** The endpoints that the server names, as text. Asks read-only, so as not to become one of them. */
  async nodesFrom(server: Address): Promise<string[]> {
    const answer = (await this.ask(server, { isReadOnly: true })) as KrpcResponse
    const contacts = parseContacts(
      (this.ip.length === 4 ? answer.nodes : answer.nodes6) ?? new Uint8Array(0),
      this.ip.length as 4 | 16,
    )
    return contacts.map(({ address }) => `${formatIp(address.ip)} ${address.port}`)
  }

  /** Settles when so many pings have come and were answered. */
  async pinged(count = 1): Promise<void> {
    while (this.#pings < count) {
      await new Promise<void>(resolve => {
        this.#onPing = resolve
      })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #take(message: KrpcMessage, port: number, host: string): void {
    if (message.kind === 'query') {
      const pong = { kind: 'response', transaction: message.transaction, id: this.id } as const
      this.#socket.send(encodeKrpc(pong), port, host, () => {
        this.#pings++
        this.#onPing()
      })
      return
    }
    const key = message.transaction.join(',')
    this.#answers.get(key)?.(message)
    this.#answers.delete(key)
  }
}

/** A loopback address of a /24 of its own. */
export const loopback = (number: number): Uint8Array => Uint8Array.of(127, 9, number, 1)

/** Opens visitors, lets them ask, and waits until each has answered his ping. */
export async function openVerified(
  server: Address,
  numbers: readonly number[],
): Promise<Visitor[]> {
  const visitors = await Promise.all(numbers.map(number => Visitor.open(loopback(number))))
  await Promise.all(visitors.map(visitor => visitor.ask(server)))
  await Promise.all(visitors.map(visitor => visitor.pinged()))
  return visitors
}

/** Asks until the server names somebody: a pong is on its way for a moment. */
export async function namedBy(server: Address, visitor: Visitor, count: number): Promise<string[]> {
  for (;;) {
    const named = await visitor.nodesFrom(server)
    if (named.length >= count) return named
  }
}
