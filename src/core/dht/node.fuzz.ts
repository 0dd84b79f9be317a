// Fuzzed datagrams against a serving node: half a million a minute of virtual time, mutated from valid ones
// of every kind. No crash, no growth, and an honest visitor is answered all the while.
// FUZZ_INPUTS chooses how many (default 500,000: one minute).
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import type { Address } from '../bytes/index.ts'
import { encodeKrpc, type KrpcMessage, packContacts } from '../wire/index.ts'
import { nodeIdFor } from './id.ts'
import { DhtNode } from './node.ts'

const INPUTS = Number(process.env.FUZZ_INPUTS ?? 500_000)
const MS_PER_INPUT = 60_000 / 500_000
const HONEST_EVERY = 1000

const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest())
const luck = new SeededLuck(Number(process.env.FUZZ_SEED ?? 1))

function seeds(): Uint8Array[] {
  const id = luck.bytes(20)
  const target = luck.bytes(20)
  const transaction = luck.bytes(4)
  const base = { kind: 'query', transaction, id, isReadOnly: false } as const
  const token = luck.bytes(8)
  const address = { ip: Uint8Array.of(8, 8, 8, 8), port: 6881 }
  const mutable = {
    key: luck.bytes(32),
    signature: luck.bytes(64),
    sequence: 7n,
    salt: luck.bytes(5),
  }
  const value = new TextEncoder().encode('5:hello')
  const messages: KrpcMessage[] = [
    { ...base, method: 'ping' },
    { ...base, method: 'find_node', target, want: 'both' },
    { ...base, method: 'get_peers', infohash: target, isNoSeed: true, isScrape: true, want: 'n4' },
    {
      ...base,
      method: 'announce_peer',
      infohash: target,
      port: 5,
      isPortImplied: false,
      isSeed: true,
      token,
    },
    { ...base, method: 'get', target, sequence: 3n },
    { ...base, method: 'put', token, value, mutable },
    { ...base, method: 'sample_infohashes', target },
    {
      kind: 'response',
      transaction,
      id,
      nodes: packContacts([{ id, address }], 4),
      peers: [address],
      token,
    },
    { kind: 'error', transaction, code: 203, message: 'no' },
  ]
  return messages.map(encodeKrpc)
}

/** Flips, cuts, doubles or overwrites a few bytes. */
function mutate(seed: Uint8Array): Uint8Array {
  let bytes = seed.slice()
  for (let turns = luck.below(6); turns > 0; turns--) {
    const at = luck.below(bytes.length)
    switch (luck.below(5)) {
      case 0:
        bytes[at] = luck.below(256)
        break
      case 1:
        bytes[at] = (bytes[at] as number) ^ (1 << luck.below(8))
        break
      case 2:
        bytes = bytes.slice(0, at + 1)
        break
      case 3:
        bytes = new Uint8Array([...bytes.slice(0, at), ...bytes.slice(luck.below(at + 1))])
        break
      default:
        // Fresh ids, tokens and targets get past what only looks at the first bytes.
        bytes.set(luck.bytes(Math.min(20, bytes.length - at)), at)
    }
  }
  return bytes.subarray(0, 9000)
}

test(`${INPUTS} fuzzed datagrams neither crash nor fill a node, and the honest are answered`, () => {
  const node = new DhtNode({ luck, sha1, routers: [], isReadOnly: false })
  const corpus = seeds()
  let honest = 0
  let answered = 0
  let heapAtFirst = 0
  for (let input = 0; input < INPUTS; input++) {
    const nowMs = input * MS_PER_INPUT
    if (node.wakeAtMs <= nowMs) node.step(nowMs, { kind: 'wake' })
    const from = {
      ip: Uint8Array.of(20 + luck.below(60), luck.below(256), luck.below(256), 9),
      port: 1 + luck.below(65_535),
    }
    const seed = corpus[luck.below(corpus.length)] as Uint8Array
    node.step(nowMs, { kind: 'udp-data', from, bytes: mutate(seed) })
    node.drain()
    if (input % HONEST_EVERY !== 0) continue
    honest++
    if (isAnswered(node, nowMs)) answered++
    if (input === Math.min(200_000, INPUTS >> 1)) heapAtFirst = heapNow()
  }
  expect(answered).toBe(honest)
  const grownMiB = (heapNow() - heapAtFirst) / 2 ** 20
  console.log(JSON.stringify({ inputs: INPUTS, honest, answered, grownMiB: Math.round(grownMiB) }))
  expect(grownMiB).toBeLessThan(48)
})

function isAnswered(node: DhtNode, nowMs: number): boolean {
  const address: Address = {
    ip: Uint8Array.of(99, luck.below(256), luck.below(256), 1),
    port: 6881,
  }
  const id = nodeIdFor(address.ip, luck.below(256), luck)
  const query = {
    kind: 'query',
    method: 'ping',
    transaction: luck.bytes(2),
    id,
    isReadOnly: true,
  } as const
  node.step(nowMs, { kind: 'udp-data', from: address, bytes: encodeKrpc(query) })
  return node.drain().some(effect => effect.kind === 'udp-send' && effect.to.ip === address.ip)
}

function heapNow(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
