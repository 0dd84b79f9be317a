import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { KRPC_ERROR } from '../wire/index.ts'
import { ITEM_LIFE_MS, ITEMS_MAX, ITEMS_PER_HOST_MAX, ItemStore } from './item-store.ts'
import {
  ANNOUNCES_PER_HOST_MAX,
  INFOHASHES_MAX,
  PEER_LIFE_MS,
  PEERS_PER_INFOHASH_MAX,
  PeerStore,
} from './peer-store.ts'
import type { Item } from './words.ts'

const luck = new SeededLuck(3)
const host = (index: number) => ({
  ip: Uint8Array.of(20 + (index >> 16), (index >> 8) & 255, index & 255, 1),
  port: 1,
})
const all = { ipSize: 4, count: 1000, isNoSeed: false, luck } as const

test('a peer is found until it expires, and an announce renews it', () => {
  const store = new PeerStore()
  const infohash = luck.bytes(20)
  store.add(0, infohash, host(1), false)
  store.add(PEER_LIFE_MS - 1, infohash, host(1), false)
  expect(store.sample(PEER_LIFE_MS + 1, infohash, all)).toEqual([host(1)])
  expect(store.size).toBe(1)
  expect(store.sample(2 * PEER_LIFE_MS, infohash, all)).toEqual([])
  store.sweep(2 * PEER_LIFE_MS)
  expect(store.size).toBe(0)
})

test('seeds are left out for those who want none', () => {
  const store = new PeerStore()
  const infohash = luck.bytes(20)
  store.add(0, infohash, host(1), true)
  store.add(0, infohash, host(2), false)
  expect(store.sample(1, infohash, { ...all, isNoSeed: true })).toEqual([host(2)])
})

test('one infohash holds so many peers, and the oldest make room', () => {
  const store = new PeerStore()
  const infohash = luck.bytes(20)
  for (let index = 0; index <= PEERS_PER_INFOHASH_MAX; index++) {
    store.add(index, infohash, host(index), false)
  }
  expect(store.size).toBe(PEERS_PER_INFOHASH_MAX)
  expect(store.sample(1, infohash, all)).not.toContainEqual(host(0))
})

test('one machine announces so much and no more, whatever its ports', () => {
  const store = new PeerStore()
  let stored = 0
  for (let index = 0; index < 2 * ANNOUNCES_PER_HOST_MAX; index++) {
    if (store.add(0, luck.bytes(20), { ...host(1), port: index + 1 }, false)) stored++
  }
  expect(stored).toBe(ANNOUNCES_PER_HOST_MAX)
})

test('a flood of infohashes costs those with the fewest peers, not the popular ones', () => {
  const store = new PeerStore()
  const popular = luck.bytes(20)
  for (let index = 0; index < 50; index++) store.add(0, popular, host(index), false)
  for (let index = 0; index < 2 * INFOHASHES_MAX; index++) {
    store.add(1, luck.bytes(20), host(1000 + index), false)
  }
  expect(store.infohashCount).toBe(INFOHASHES_MAX)
  expect(store.sample(2, popular, all)).toHaveLength(50)
})

const item = (sequence: bigint, text = 'x'): Item => ({
  value: new TextEncoder().encode(`${text.length}:${text}`),
  mutable: { key: new Uint8Array(32), signature: new Uint8Array(64), sequence },
})
const context = (over: object = {}) => ({
  target: new Uint8Array(20),
  host: 1,
  cas: undefined,
  ownId: new Uint8Array(20),
  ...over,
})

test('a newer item replaces an older one, and never the other way round', () => {
  const store = new ItemStore()
  expect(store.put(0, item(2n, 'b'), context())).toBeUndefined()
  expect(store.put(1, item(1n, 'a'), context())).toBe(KRPC_ERROR.sequenceTooOld)
  expect(store.put(2, item(3n, 'c'), context({ cas: 1n }))).toBe(KRPC_ERROR.casMismatch)
  expect(store.put(3, item(3n, 'c'), context({ cas: 2n }))).toBeUndefined()
  expect(store.get(4, new Uint8Array(20))?.mutable?.sequence).toBe(3n)
})

test('items expire, and one machine and all of them together keep to their limits', () => {
  const store = new ItemStore()
  for (let index = 0; index < ITEMS_PER_HOST_MAX; index++) {
    expect(store.put(0, item(1n), context({ target: luck.bytes(20) }))).toBeUndefined()
  }
  expect(store.put(0, item(1n), context({ target: luck.bytes(20) }))).toBe(KRPC_ERROR.server)
  for (let index = 0; index < 2 * ITEMS_MAX; index++) {
    store.put(1, item(1n), context({ target: luck.bytes(20), host: 2 + index }))
  }
  expect(store.size).toBe(ITEMS_MAX)
  const target = luck.bytes(20)
  target[0] = 0
  store.put(2, item(1n), context({ target, host: -1 }))
  expect(store.get(2, target)).toBeDefined()
  expect(store.get(2 + ITEM_LIFE_MS, target)).toBeUndefined()
})
