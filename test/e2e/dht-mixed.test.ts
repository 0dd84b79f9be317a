// Networks of several makes: ours, libtorrent's, and the npm package bittorrent-dht's (test/peers).
import { createHash } from 'node:crypto'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { formatAddress, fromHex, toHex } from '../../src/core/bytes/index.ts'
import { immutableItem, keyPairFromSeed, mutableItem, open } from '../../src/dht.ts'
import { ed25519 } from '../../src/node/ed25519.ts'
import { LibtorrentDht } from './libtorrent-dht.ts'

const sha1 = (text: string) => createHash('sha1').update(text).digest()
const bencoded = (text: string) => new TextEncoder().encode(`${text.length}:${text}`)

test('over IPv6 each side finds what the other announced and put', async () => {
  await using network = await LibtorrentDht.open(10, '::1', 18_200)
  await using node = await open({
    routers: [{ host: '::1', port: 18_200 }],
    families: ['ipv6'],
    bind: { ipv6: '::1' },
    allowPrivate: true,
    isServing: true,
  })
  const ours = sha1('ours, six')
  for await (const notice of node.run({ kind: 'announce', infohash: ours, port: 4242 })) {
    expect(notice).toMatchObject({ kind: 'stored', refusals: [] })
  }
  const answer = { node: 2, do: 'peers', infohash: toHex(ours), seconds: 10 }
  const { peers } = await network.ask<{ peers: string[] }>(answer)
  expect(peers).toContain('::1:4242')

  const theirs = sha1('theirs, six')
  await network.ask({ node: 3, do: 'announce', infohash: toHex(theirs) })
  const found: string[] = []
  for (let round = 0; round < 30 && found.length === 0; round++) {
    for await (const { address } of node.lookup(theirs)) found.push(formatAddress(address))
  }
  expect(found).toContain('[::1]:18203')
  const { target } = await network.ask<{ target: string }>({ node: 4, do: 'put', data: 'six' })
  await network.ask({ node: 5, do: 'get', target, seconds: 5 })
  expect((await node.get({ target: fromHex(target)! }))?.value).toEqual(bencoded('six'))
})

interface BittorrentDht {
  listen(port: number, host: string, done: () => void): void
  announce(infohash: Uint8Array, port: number, done: () => void): void
  lookup(infohash: Uint8Array, done: () => void): void
  put(options: { v: Uint8Array }, done: (error: Error | null, hash: Uint8Array) => void): void
  get(
    hash: Uint8Array,
    options: object,
    done: (error: Error | null, item: { v: Uint8Array } | null) => void,
  ): void
  on(event: 'peer', heard: (peer: { host: string; port: number }) => void): void
  on(event: 'ready' | 'warning' | 'error', heard: () => void): void
  toJSON(): { nodes: { host: string; port: number }[] }
  destroy(done: () => void): void
}

const PEERS = path.resolve(import.meta.dirname, '../peers')

test('bittorrent-dht, libtorrent and ours share one network', async () => {
  const file = path.resolve(PEERS, 'node_modules/bittorrent-dht/index.js')
  const { Client } = (await import(pathToFileURL(file).href)) as {
    Client: new (options: object) => BittorrentDht
  }
  await using _network = await LibtorrentDht.open(6, '127.0.97.1', 18_300)
  await using node = await open({
    routers: [{ host: '127.0.97.1', port: 18_300 }],
    families: ['ipv4'],
    bind: { ipv4: '127.0.98.1' },
    allowPrivate: true,
    isServing: true,
  })
  const others = Array.from(
    { length: 4 },
    () =>
      new Client({
        bootstrap: ['127.0.97.1:18300', `127.0.98.1:${node.ports.ipv4}`],
        ...ed25519,
      }),
  )
  const ready = others.map((other, index) => {
    other.on('warning', () => {})
    return new Promise<void>(resolve => {
      other.on('ready', resolve)
      other.listen(18_400, `127.0.99.${index + 1}`, () => {})
    })
  })
  await Promise.all(ready)
  const [first, second] = others as [BittorrentDht, BittorrentDht]

  const theirs = sha1('bittorrent-dht')
  await new Promise<void>(resolve => first.announce(theirs, 5151, () => resolve()))
  const found: string[] = []
  for await (const { address } of node.lookup(theirs)) found.push(formatAddress(address))
  expect(found).toContain('127.0.99.1:5151')

  const ours = sha1('torrent-live')
  for await (const _notice of node.run({ kind: 'announce', infohash: ours, port: 5252 }));
  const heard: string[] = []
  second.on('peer', ({ host, port }) => heard.push(`${host}:${port}`))
  await new Promise<void>(resolve => second.lookup(ours, () => resolve()))
  expect(heard).toContain('127.0.98.1:5252')

  const mine = immutableItem(bencoded('for all'))
  await node.put(mine.item)
  const got = await new Promise<Uint8Array | undefined>(resolve =>
    second.get(mine.target, {}, (_error, item) => resolve(item?.v)),
  )
  expect(new TextDecoder().decode(got)).toBe('for all')
  const put = await new Promise<Uint8Array>(resolve =>
    first.put({ v: new TextEncoder().encode('from it') }, (_error, hash) => resolve(hash)),
  )
  expect((await node.get({ target: new Uint8Array(put) }))?.value).toEqual(bencoded('from it'))

  const keys = keyPairFromSeed(new Uint8Array(32).fill(9))
  const salt = new TextEncoder().encode('s')
  const mutable = mutableItem(keys, { value: bencoded('signed'), sequence: 3n, salt })
  await node.put(mutable.item)
  const read = await new Promise<Uint8Array | undefined>(resolve =>
    second.get(mutable.target, { salt }, (_error, item) => resolve(item?.v)),
  )
  expect(new TextDecoder().decode(read)).toBe('signed')
  expect(others.some(other => other.toJSON().nodes.some(({ host }) => host === '127.0.98.1'))).toBe(
    true,
  )
  for (const other of others) await new Promise<void>(resolve => other.destroy(resolve))
})
