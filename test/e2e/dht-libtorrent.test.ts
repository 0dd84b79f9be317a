import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Address, formatAddress, fromHex, parseIp, toHex } from '../../src/core/bytes/index.ts'
import {
  type Dht,
  type DhtNotice,
  immutableItem,
  keyPairFromSeed,
  mutableItem,
  open,
} from '../../src/dht.ts'
import { LibtorrentDht } from './libtorrent-dht.ts'

const INFOHASH = '0123456789012345678901234567890123456789'
const SEED = createHash('sha256').update('torrent-live test').digest()
const NODES = 12
let network: LibtorrentDht
let serving: Dht

const bencoded = (text: string) => new TextEncoder().encode(`${text.length}:${text}`)

function openAt(ip: string, isServing: boolean): Promise<Dht> {
  const [host, port] = network.nodes[0]!.split(':') as [string, string]
  return open({
    routers: [{ host, port: Number(port) }],
    families: ['ipv4'],
    bind: { ipv4: ip },
    allowPrivate: true,
    isServing,
  })
}

async function all(notices: AsyncIterable<DhtNotice>): Promise<DhtNotice[]> {
  const found: DhtNotice[] = []
  for await (const notice of notices) found.push(notice)
  return found
}

async function tables(): Promise<string[]> {
  const found: string[] = []
  for (let node = 0; node < NODES; node++) {
    found.push(...(await network.ask<{ nodes: string[] }>({ node, do: 'table' })).nodes)
  }
  return found
}

const own = (node: Dht, ip: string) =>
  formatAddress({ ip: parseIp(ip)!, port: node.ports.ipv4! } satisfies Address)

beforeAll(async () => {
  network = await LibtorrentDht.open(NODES, '127.0.91.1', 17_900)
  serving = await openAt('127.0.93.1', true)
})

afterAll(async () => {
  await serving.close()
  await network[Symbol.asyncDispose]()
})

test('a read-only node finds what a libtorrent node announced, and enters nobody’s table', async () => {
  const { port } = await network.ask<{ port: number }>({
    node: 3,
    do: 'announce',
    infohash: INFOHASH,
  })
  // libtorrent does not say when its announce has arrived: another node looks until it is there.
  for (let found: string[] = []; found.length === 0; ) {
    const answer = { node: 5, do: 'peers', infohash: INFOHASH, seconds: 0.3 }
    found = (await network.ask<{ peers: string[] }>(answer)).peers
  }
  await using node = await openAt('127.0.92.1', false)
  const peers: string[] = []
  for await (const { address } of node.lookup(fromHex(INFOHASH)!))
    peers.push(formatAddress(address))
  expect(peers).toContain(`127.0.91.4:${port}`)
  expect(node.nodeCount).toBeGreaterThan(5)
  expect(await tables()).not.toContain(own(node, '127.0.92.1'))
})

test('libtorrent finds what a node of ours announced, and the node sees it verified', async () => {
  const infohash = createHash('sha1').update('ours').digest()
  const notices = await all(serving.run({ kind: 'announce', infohash, port: 4711 }))
  const last = notices.at(-1)!
  expect(last).toMatchObject({ kind: 'stored', refusals: [] })
  if (last.kind !== 'stored') return
  expect(last.accepted).toBeGreaterThanOrEqual(8)
  expect(last.verified).toBe(last.accepted)
  const { peers } = await network.ask<{ peers: string[] }>({
    node: 2,
    do: 'peers',
    infohash: toHex(infohash),
    seconds: 10,
  })
  expect(peers).toContain('127.0.93.1:4711')
})

test('an immutable item that one side put is read by the other', async () => {
  const mine = immutableItem(bencoded('from us'))
  expect((await serving.put(mine.item)).verified).toBeGreaterThanOrEqual(8)
  const target = toHex(mine.target)
  const theirs = await network.ask({ node: 4, do: 'get', target, seconds: 5 })
  expect(theirs).toEqual({ data: 'from us' })

  const put = await network.ask<{ target: string }>({ node: 6, do: 'put', data: 'from them' })
  await network.ask({ node: 7, do: 'get', target: put.target, seconds: 5 })
  const item = await serving.get({ target: fromHex(put.target)! })
  expect(item?.value).toEqual(bencoded('from them'))
})

test('a mutable, salted item that one side put is read by the other', async () => {
  const keys = keyPairFromSeed(SEED)
  const salt = new TextEncoder().encode('ours')
  const mine = mutableItem(keys, { value: bencoded('eins'), sequence: 5n, salt })
  expect((await serving.put(mine.item)).verified).toBeGreaterThanOrEqual(8)
  const key = toHex(keys.publicKey)
  const theirs = await network.ask({ node: 4, do: 'getm', key, salt: 'ours', seconds: 5 })
  expect(theirs).toEqual({ data: 'eins', seq: 5 })

  const seed = toHex(SEED)
  await network.ask({ node: 6, do: 'putm', seed, key, data: 'zwei', salt: 'theirs', seconds: 5 })
  const item = await serving.get({ key: keys.publicKey, salt: new TextEncoder().encode('theirs') })
  expect(item?.value).toEqual(bencoded('zwei'))
})

test('an older sequence number and a false cas are refused', async () => {
  const keys = keyPairFromSeed(createHash('sha256').update('cas').digest())
  await serving.put(mutableItem(keys, { value: bencoded('two'), sequence: 2n }).item)
  const older = await serving.put(mutableItem(keys, { value: bencoded('one'), sequence: 1n }).item)
  expect(older.verified).toBe(0)
  expect(older.refusals).toContain(302)
  const next = mutableItem(keys, { value: bencoded('three'), sequence: 3n }).item
  expect((await serving.put(next, { cas: 1n })).refusals).toContain(301)
  expect((await serving.put(next, { cas: 2n })).verified).toBeGreaterThanOrEqual(8)
})

test('libtorrent nodes keep a serving node of ours in their tables', async () => {
  expect(await tables()).toContain(own(serving, '127.0.93.1'))
})
