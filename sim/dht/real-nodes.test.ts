import { beforeAll, expect, test } from 'vitest'
import { isIdValidFor } from '../../src/core/dht/index.ts'
import { keyOf } from './network.ts'
import { RealNetwork } from './real-nodes.ts'

const MINUTE_MS = 60_000
let scene: RealNetwork
/** Bytes between pairs of endpoints, as `from>to`. */
const bytesSent = new Map<string, number>()

beforeAll(() => {
  scene = new RealNetwork({
    seed: 5,
    count: 120,
    lossShare: 0.03,
    nattedShare: 0.2,
    entryMs: MINUTE_MS,
  })
  scene.network.taps.push((from, to, bytes) => {
    const key = `${keyOf(from)}>${keyOf(to)}`
    bytesSent.set(key, (bytesSent.get(key) ?? 0) + bytes.length)
  })
  scene.grow(3 * MINUTE_MS)
})

test('every node learns its address and takes an id that fits it', () => {
  const fitting = scene.nodes.filter(({ machine, address }) =>
    isIdValidFor(machine.status[0]!.ownId, address.ip),
  )
  expect(fitting.length).toBeGreaterThanOrEqual(0.97 * scene.nodes.length)
})

test('the nodes know enough of each other, and each about how many they are', () => {
  const sizes = scene.nodes.map(({ machine }) => machine.nodeCount).sort((a, b) => a - b)
  expect(sizes[sizes.length >> 1]).toBeGreaterThan(30)
  const guesses = scene.nodes.flatMap(({ machine }) => machine.status[0]!.networkSize ?? [])
  guesses.sort((a, b) => a - b)
  expect(guesses[guesses.length >> 1]).toBeGreaterThan(30)
  expect(guesses[guesses.length >> 1]).toBeLessThan(300)
})

test('what a node announces, others find, plainly and privately', () => {
  let found = 0
  for (let round = 0; round < 20; round++) {
    const infohash = scene.network.luck.bytes(20)
    const announcer = scene.someNode()
    const notices = scene.do(announcer, { kind: 'announce', infohash, port: 4000 + round })
    expect(notices.at(-1)).toMatchObject({ kind: 'stored' })
    const peer = { ip: announcer.address.ip, port: 4000 + round }
    if (scene.finds(infohash, peer, round % 2 === 0 ? 'plain' : 'private')) found++
  }
  expect(found).toBe(20)
})

test('no address got more than twice what it sent before it had answered', () => {
  // A visitor that asks everybody and answers nobody, read-only or not, is never verified.
  const visitor = scene.newClient()
  const before = new Map(bytesSent)
  for (let round = 0; round < 5; round++) {
    scene.do(visitor, { kind: 'lookup', infohash: scene.network.luck.bytes(20), way: 'plain' })
  }
  const me = keyOf(visitor.address)
  let pairs = 0
  for (const { address } of scene.nodes) {
    const there = `${me}>${keyOf(address)}`
    const back = `${keyOf(address)}>${me}`
    const sent = (bytesSent.get(there) ?? 0) - (before.get(there) ?? 0)
    const got = (bytesSent.get(back) ?? 0) - (before.get(back) ?? 0)
    if (sent === 0) continue
    pairs++
    expect(got).toBeLessThanOrEqual(2 * sent)
  }
  expect(pairs).toBeGreaterThan(15)
})

test('a parted network still answers on each side, and is one again when it heals', () => {
  const { network } = scene
  const infohash = network.luck.bytes(20)
  const announcer = scene.nodes.find((_, index) => index % 2 === 0)!
  scene.do(announcer, { kind: 'announce', infohash, port: 7 })
  network.isParted = true
  network.run(network.nowMs + 2 * MINUTE_MS)
  const own = scene.newClient(0)
  const inside = scene.do(own, { kind: 'lookup', infohash, way: 'plain' })
  expect(inside.some(({ kind }) => kind === 'peers')).toBe(true)
  network.isParted = false
  network.run(network.nowMs + 2 * MINUTE_MS)
  const other = scene.newClient(1)
  const healed = scene.do(other, { kind: 'lookup', infohash, way: 'plain' })
  expect(healed.some(({ kind }) => kind === 'peers')).toBe(true)
})
