import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatAddress, fromHex, parseAddress } from '../../src/core/bytes/index.ts'
import { open, type Router } from '../../src/dht.ts'
import { LibtorrentDht } from './libtorrent-dht.ts'

const INFOHASH = '0123456789012345678901234567890123456789'
let network: LibtorrentDht

const routerOf = (text: string): Router => {
  const [host, port] = text.split(':') as [string, string]
  return { host, port: Number(port) }
}

beforeAll(async () => {
  network = await LibtorrentDht.open(12, '127.0.91.1', 17_900)
})

afterAll(async () => {
  await network[Symbol.asyncDispose]()
})

test('a read-only node finds what a libtorrent node announced, and enters nobody’s table', async () => {
  await network.ask({ node: 3, do: 'announce', infohash: INFOHASH })
  // The announce is on its way: libtorrent says nothing when it is there, so others look first.
  await network.ask({ node: 5, do: 'peers', infohash: INFOHASH, seconds: 10 })
  await using node = await open({
    routers: [routerOf(network.nodes[0]!)],
    families: ['ipv4'],
    bind: { ipv4: '127.0.92.1' },
    allowPrivate: true,
  })
  const peers: string[] = []
  for await (const { address } of node.lookup(fromHex(INFOHASH)!))
    peers.push(formatAddress(address))
  expect(peers).toContain(network.nodes[3])
  expect(node.nodeCount).toBeGreaterThan(5)
  const me = formatAddress({ ip: parseAddress('127.0.92.1:1')!.ip, port: node.ports.ipv4! })
  for (let index = 0; index < 12; index++) {
    const { nodes } = await network.ask<{ nodes: string[] }>({ node: index, do: 'table' })
    expect(nodes).not.toContain(me)
  }
})
