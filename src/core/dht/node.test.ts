import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { type Address, formatAddress, parseAddress } from '../bytes/index.ts'
import {
  decodeKrpc,
  encodeKrpc,
  type KrpcMessage,
  type KrpcQuery,
  type KrpcResponse,
  packContacts,
} from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { nodeIdFor } from './id.ts'
import { DhtNode, type DhtOptions, TASKS_MAX } from './node.ts'
import type { Contact, DhtInput, DhtNotice } from './words.ts'

const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest())
const luck = new SeededLuck(41)
const ROUTER = parseAddress('5.5.5.5:6881')!
const INFOHASH = luck.bytes(20)
const PEER = parseAddress('77.7.7.7:7777')!

interface Sent {
  readonly to: Address
  readonly message: KrpcMessage
  readonly size: number
}

/** A node under test, spoken to by hand. */
class Bench {
  readonly node: DhtNode
  readonly notices: DhtNotice[] = []
  saved: Uint8Array | undefined
  resolved: string[] = []

  constructor(options: Partial<DhtOptions> = {}) {
    const routers = [{ host: '5.5.5.5', port: 6881 }]
    this.node = new DhtNode({ luck: new SeededLuck(9), sha1, routers, ...options })
  }

  step(nowMs: Millis, input: DhtInput): Sent[] {
    this.node.step(nowMs, input)
    const sent: Sent[] = []
    for (const effect of this.node.drain()) {
      if (effect.kind === 'notify') this.notices.push(effect.notice)
      else if (effect.kind === 'save') this.saved = effect.bytes ?? undefined
      else if (effect.kind === 'resolve') this.resolved.push(effect.host)
      else {
        const { to, bytes } = effect
        sent.push({ to, message: decodeKrpc(bytes), size: bytes.length })
      }
    }
    return sent
  }

  hear(nowMs: Millis, from: Address, message: KrpcMessage): Sent[] {
    return this.step(nowMs, { kind: 'udp-data', from, bytes: encodeKrpc(message) })
  }
}

const contact = (text: string): Contact => {
  const address = parseAddress(text)!
  return { address, id: nodeIdFor(address.ip, luck.below(256), luck) }
}

const answerTo = (sent: Sent, from: Contact, fields: Partial<KrpcResponse> = {}): KrpcResponse => ({
  kind: 'response',
  transaction: sent.message.transaction,
  id: from.id,
  ...fields,
})

const lookup = (task: number) =>
  ({ kind: 'lookup', task, infohash: INFOHASH, way: 'plain' }) as const

/** A lookup that has asked `alice`, whom the router named. */
function askedAlice(bench: Bench, alice: Contact): Sent {
  const [toRouter] = bench.step(0, lookup(1)) as [Sent]
  const nodes = packContacts([alice], 4)
  const router = { id: luck.bytes(20), address: ROUTER }
  return bench.hear(50, ROUTER, answerTo(toRouter, router, { nodes }))[0]!
}

test('a read-only node without a task sends nothing, keeps quiet and sleeps', () => {
  const bench = new Bench()
  expect(bench.node.wakeAtMs).toBe(Number.POSITIVE_INFINITY)
  const ping = {
    kind: 'query',
    method: 'ping',
    isReadOnly: false,
    transaction: luck.bytes(2),
  } as const
  expect(bench.hear(0, PEER, { ...ping, id: luck.bytes(20) })).toEqual([])
})

test('every query of a read-only node says so, and each task shows another id', () => {
  const bench = new Bench()
  const ids = [1, 2].map(task => {
    const [sent] = bench.step(task, lookup(task)) as [Sent]
    const query = sent.message as KrpcQuery
    expect(query.isReadOnly).toBe(true)
    return String(query.id)
  })
  expect(ids[0]).not.toBe(ids[1])
})

test('peers come as nodes name them, and the end says who was told', () => {
  const bench = new Bench()
  const alice = contact('8.8.8.8:6881')
  const query = askedAlice(bench, alice)
  bench.hear(100, alice.address, answerTo(query, alice, { peers: [PEER], token: luck.bytes(4) }))
  expect(bench.notices[0]).toMatchObject({ kind: 'peers', task: 1, peers: [PEER], from: alice })
  expect(bench.notices.at(-1)).toMatchObject({
    kind: 'lookup-done',
    answered: 2,
    nodesToldTarget: 2,
  })
  expect(bench.node.nodeCount).toBe(1)
})

test('an answer from another port or address than asked counts as silence', () => {
  const bench = new Bench()
  const alice = contact('8.8.8.8:6881')
  const query = askedAlice(bench, alice)
  const answer = answerTo(query, alice, { peers: [PEER] })
  bench.hear(100, { ...alice.address, port: 6882 }, answer)
  bench.hear(100, parseAddress('8.8.8.9:6881')!, answer)
  expect(bench.notices).toEqual([])
  expect(bench.node.nodeCount).toBe(0)
})

test('an answer counts once, and only under the transaction that was drawn for it', () => {
  const bench = new Bench()
  const alice = contact('8.8.8.8:6881')
  const bob = contact('9.9.9.9:6881')
  const query = askedAlice(bench, alice)
  for (let guess = 0; guess < 1000; guess++) {
    const transaction = luck.bytes(4)
    bench.hear(90, alice.address, { ...answerTo(query, alice, { peers: [PEER] }), transaction })
  }
  expect(bench.notices).toEqual([])
  const nodes = packContacts([bob], 4)
  const first = bench.hear(100, alice.address, answerTo(query, alice, { nodes, peers: [PEER] }))
  expect(first).toHaveLength(1)
  bench.hear(101, alice.address, answerTo(query, alice, { peers: [PEER] }))
  expect(bench.notices.filter(({ kind }) => kind === 'peers')).toHaveLength(1)
})

test('a router whose answer is lost is asked again', () => {
  const bench = new Bench()
  bench.step(0, lookup(1))
  const again = bench.step(bench.node.wakeAtMs, { kind: 'wake' })
  expect(again.map(({ to }) => formatAddress(to))).toEqual(['5.5.5.5:6881'])
})

test('names of routers are resolved when a task needs them, and a failure ends the task', () => {
  const bench = new Bench({ routers: [{ host: 'router.example', port: 6881 }] })
  expect(bench.step(0, lookup(1))).toEqual([])
  expect(bench.resolved).toEqual(['router.example'])
  bench.step(10, { kind: 'resolved', request: 1, addresses: [] })
  expect(bench.notices.at(-1)).toMatchObject({ kind: 'lookup-done', queries: 0 })
})

test('private and loopback addresses are neither asked nor handed out, unless allowed', () => {
  const bench = new Bench()
  const [toRouter] = bench.step(0, lookup(1)) as [Sent]
  const locals = ['127.0.0.1:5', '10.0.0.1:5', '192.168.1.1:5'].map(contact)
  const router = { id: luck.bytes(20), address: ROUTER }
  const fields = { nodes: packContacts(locals, 4), peers: [parseAddress('127.0.0.1:80')!] }
  expect(bench.hear(50, ROUTER, answerTo(toRouter, router, fields))).toEqual([])
  expect(bench.notices.some(({ kind }) => kind === 'peers')).toBe(false)
})

test('what was saved is where the next session starts, without a router', () => {
  const bench = new Bench()
  const alice = contact('8.8.8.8:6881')
  const query = askedAlice(bench, alice)
  bench.hear(100, alice.address, answerTo(query, alice))
  bench.step(200, { kind: 'save-now' })
  const next = new Bench({ saved: bench.saved! })
  const sent = next.step(0, lookup(1)).map(({ to }) => formatAddress(to))
  expect(sent).toContain('8.8.8.8:6881')
  expect(new Bench({ saved: luck.bytes(300) }).step(0, lookup(1))).toHaveLength(1)
})

test('a stopped task sends nothing any more and says nothing', () => {
  const bench = new Bench()
  const alice = contact('8.8.8.8:6881')
  const query = askedAlice(bench, alice)
  bench.step(60, { kind: 'lookup-stop', task: 1 })
  bench.hear(100, alice.address, answerTo(query, alice, { peers: [PEER] }))
  expect(bench.notices).toEqual([])
  expect(bench.node.wakeAtMs).toBe(Number.POSITIVE_INFINITY)
})

test('one task too many ends before it began', () => {
  const bench = new Bench()
  for (let task = 1; task <= TASKS_MAX; task++) bench.step(0, lookup(task))
  expect(bench.step(1, lookup(TASKS_MAX + 1))).toEqual([])
  expect(bench.notices).toMatchObject([{ kind: 'lookup-done', task: TASKS_MAX + 1, queries: 0 }])
})

test('what disclosure forbids is not sent, and it hears what each query tells', () => {
  const told: number[] = []
  const disclosure = {
    allows: (_nowMs: Millis, { bits }: { bits: number }) => {
      told.push(bits)
      return false
    },
  }
  const bench = new Bench({ disclosure })
  expect(bench.step(0, lookup(1))).toEqual([])
  expect(told).toEqual([160])
})

const serving = () => new Bench({ isReadOnly: false, routers: [] })
const query = (fields: object): KrpcQuery =>
  ({
    kind: 'query',
    isReadOnly: true,
    transaction: luck.bytes(2),
    id: luck.bytes(20),
    ...fields,
  }) as KrpcQuery

test('a peer is stored only by its token, under the address that it came from', () => {
  const bench = serving()
  const getPeers = { method: 'get_peers', infohash: INFOHASH, isNoSeed: false, isScrape: false }
  const [got] = bench.hear(0, PEER, query(getPeers)) as [Sent]
  const { token } = got.message as KrpcResponse
  const announce = {
    method: 'announce_peer',
    infohash: INFOHASH,
    port: 99,
    isPortImplied: false,
    isSeed: false,
  }
  const thief = parseAddress('66.6.6.6:1')!
  const [refused] = bench.hear(1, thief, query({ ...announce, token })) as [Sent]
  expect(refused.message).toMatchObject({ kind: 'error', code: 203 })
  const [stored] = bench.hear(2, PEER, query({ ...announce, token })) as [Sent]
  expect(stored.message.kind).toBe('response')
  const [found] = bench.hear(3, thief, query(getPeers)) as [Sent]
  expect((found.message as KrpcResponse).peers).toEqual([{ ip: PEER.ip, port: 99 }])
})

test('an unknown method is answered with 204, and with a target like find_node', () => {
  const bench = serving()
  const other = { method: 'other', name: 'vote', fault: 204 }
  expect(bench.hear(0, PEER, query(other))[0]?.message).toMatchObject({ kind: 'error', code: 204 })
  const asked = bench.hear(1, PEER, query({ ...other, target: INFOHASH }))
  expect(asked[0]?.message.kind).toBe('response')
})

test('no answer to an unverified address is more than twice its query, whatever it asks', () => {
  const bench = serving()
  const items = [
    { method: 'ping' },
    { method: 'find_node', target: INFOHASH, want: 'both' },
    { method: 'get_peers', infohash: INFOHASH, isNoSeed: false, isScrape: true },
    { method: 'get', target: INFOHASH },
    { method: 'sample_infohashes', target: INFOHASH },
    { method: 'other', name: 'x', fault: 204 },
  ]
  for (const [index, fields] of items.entries()) {
    const from = { ip: Uint8Array.of(50, index, 1, 1), port: 5 }
    const message = { ...query(fields), isReadOnly: false }
    const { length } = encodeKrpc(message)
    const sizes = bench.hear(index, from, message).map(({ size }) => size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(2 * length)
  }
})

test('our own id, said by another, is not answered', () => {
  const bench = serving()
  const { ownId } = bench.node.status[0]!
  expect(bench.hear(0, PEER, query({ method: 'ping', id: ownId }))).toEqual([])
})

test('a node takes the id that its external address is entitled to once four voters agree', () => {
  const bench = new Bench({ isReadOnly: false, routers: [{ host: '5.5.5.5', port: 6881 }] })
  const seen = parseAddress('40.1.2.3:6881')!
  const before = bench.node.status[0]!.ownId
  const voters = ['8.8.1.8:1', '8.8.2.8:1', '8.8.3.8:1', '8.8.4.8:1'].map(contact)
  const [toRouter] = bench.step(0, { kind: 'wake' }) as [Sent]
  const router = { id: luck.bytes(20), address: ROUTER }
  const asked = bench.hear(
    50,
    ROUTER,
    answerTo(toRouter, router, { nodes: packContacts(voters, 4) }),
  )
  for (const [index, sent] of asked.entries()) {
    expect(bench.node.status[0]!.ownId).toEqual(before)
    const voter = voters.find(({ address }) => formatAddress(address) === formatAddress(sent.to))!
    bench.hear(60 + index, sent.to, answerTo(sent, voter, { ip: seen }))
  }
  const { ownId, externalAddress } = bench.node.status[0]!
  expect(externalAddress).toEqual(seen)
  expect(ownId.slice(0, 2)).toEqual(nodeIdFor(seen.ip, ownId[19]!, luck).slice(0, 2))
})
