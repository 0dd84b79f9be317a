import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { run } from '../../src/cli/dht.ts'
import { type Dht, open } from '../../src/dht.ts'

const INFOHASH = '00112233445566778899aabbccddeeff00112233'
const nodes: Dht[] = []
let directory: string
let printed = ''

/** Runs a command against the first node. */
async function dht(
  ...words: string[]
): Promise<{ code: number; lines: Record<string, unknown>[] }> {
  printed = ''
  const code = await run([
    ...words,
    '--bootstrap',
    `127.0.95.1:${nodes[0]!.ports.ipv4}`,
    '--bind',
    '127.0.96.1',
  ])
  const lines = words.includes('--json')
    ? printed
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    : []
  return { code, lines }
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'dht-cli-'))
  for (let index = 1; index <= 4; index++) {
    const first = nodes[0]
    const routers = first === undefined ? [] : [{ host: '127.0.95.1', port: first.ports.ipv4! }]
    const bind = { ipv4: `127.0.95.${index}` }
    nodes.push(
      await open({ routers, bind, families: ['ipv4'], isServing: true, allowPrivate: true }),
    )
  }
  await vi.waitFor(() => {
    for (const node of nodes) expect(node.nodeCount).toBe(3)
  }, 10_000)
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    printed += text
    return true
  })
})

afterEach(() => {
  printed = ''
})

afterAll(async () => {
  vi.restoreAllMocks()
  for (const node of nodes) await node.close()
  await rm(directory, { recursive: true })
})

test('what one command announced, another finds, and the lines are as documented', async () => {
  const announced = await dht('announce', INFOHASH, '--peer-port', '4000', '--json')
  expect(announced.code).toBe(0)
  expect(announced.lines.at(-1)).toMatchObject({ type: 'done', accepted: 4, verified: 4 })
  const { code, lines } = await dht('peers', INFOHASH, '--json')
  expect(code).toBe(0)
  expect(lines[0]).toEqual({ type: 'peer', atMs: expect.any(Number), address: '127.0.96.1:4000' })
  expect(Object.keys(lines.at(-1)!).sort()).toEqual(
    ['answered', 'atMs', 'closest', 'nodesToldTarget', 'queries', 'type'].sort(),
  )
  const told = await dht('peers', INFOHASH, '--plain', '--json')
  expect(told.lines.at(-1)!.nodesToldTarget).toBeGreaterThan(1)
})

test('an infohash that nobody announced ends with code 1', async () => {
  expect((await dht('peers', 'ff'.repeat(20), '--json')).code).toBe(1)
})

test('a text that was put is got again, and a key file is made once', async () => {
  const put = await dht('put', 'hello', '--json')
  const target = put.lines.at(-1)!.target as string
  const got = await dht('get', target, '--json')
  expect(got.lines[0]).toMatchObject({ type: 'item', text: 'hello' })
  const file = path.join(directory, 'key')
  await dht('put', 'one', '--key', file, '--salt', 's', '--json')
  const key = await readFile(file, 'utf8')
  await dht('put', 'two', '--key', file, '--salt', 's', '--json')
  expect(await readFile(file, 'utf8')).toBe(key)
  const bare = put.lines.at(-1)
  expect(bare).toMatchObject({ verified: 4 })
})

test('ping, find, scrape, sample and status answer', async () => {
  const [first] = nodes
  const pong = await dht('ping', `127.0.95.1:${first!.ports.ipv4}`, '--json')
  expect(pong.lines[0]).toMatchObject({ type: 'pong', address: `127.0.95.1:${first!.ports.ipv4}` })
  expect((await dht('find', INFOHASH)).code).toBe(0)
  const scrape = await dht('scrape', INFOHASH, '--json')
  expect(scrape.lines[0]).toMatchObject({ type: 'done', seeds: 0, peers: 1, filters: 4 })
  const sample = await dht('sample', '--json')
  expect(sample.lines[0]).toMatchObject({ type: 'infohash', infohash: INFOHASH })
  const status = await dht('status', '--json')
  expect(status.lines[0]).toMatchObject({ type: 'status', family: 'ipv4', nodes: 4 })
})

test('a wrong word is answered with what to write instead', async () => {
  await expect(dht('peers', 'abc')).rejects.toThrow('"abc" is not 40 hexadecimal digits.')
})
