// The freerider's word, held by what no code of ours can gloss over: a capture of every packet that the built command
// sends, and the log of a real libtorrent seeder. docs/freerider.md is the table that is checked.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkDatagram, FreeriderStream } from '../../sim/freerider-words.ts'
import { decodeKrpc, encodeKrpc } from '../../src/core/wire/index.ts'
import { Capture, type CapturedPacket, tcpStreams } from './capture.ts'
import { Command } from './command.ts'
import { LibtorrentDht } from './libtorrent-dht.ts'
import { LibtorrentSeeder } from './libtorrent-seeder.ts'
import { Namespace } from './namespace.ts'

/** Everything else that a torrent may name to be asked, at addresses where nobody is. */
const TEMPTATIONS =
  '&tr=udp%3A%2F%2F192.0.2.10%3A6969&tr=http%3A%2F%2F192.0.2.11%2Fannounce&ws=http%3A%2F%2F192.0.2.12%2F'
/** Packets of the test's own, to see that a packet to anywhere is captured: a stranger, and local discovery. */
const STRAYS = ['192.0.2.1:9', '239.192.152.143:6771']
const DHT_NODES = 8
const ASKER = '127.0.98.200'

/** Everything that the seeder may hear of a freerider, as libtorrent names it. */
const HEARD = new Set([
  ...['HANDSHAKE', 'EXTENSIONS', 'EXTENDED_HANDSHAKE', 'HAVE_NONE', 'INTERESTED', 'NOT_INTERESTED'],
  ...['REQUEST', 'CANCEL', 'UT_METADATA', 'EXTENSION_MESSAGE', 'CHOKE', 'KEEPALIVE'],
])

/** Without the rights or the program it cannot run: a failure under CI, elsewhere a test that is left out. */
function canCapture(): boolean {
  try {
    execFileSync('unshare', ['-n', 'tcpdump', '--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const isPossible = process.env.CI !== undefined || canCapture()

let directory: string
let film: Uint8Array

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'freerider-'))
  film = randomBytes(1_500_000)
  await mkdir(path.join(directory, 'Film'))
  await writeFile(path.join(directory, 'Film', 'film.mp4'), film)
  await writeFile(path.join(directory, 'Film', 'note.txt'), 'A note.')
})

afterAll(() => rm(directory, { recursive: true, force: true }))

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

interface Scene {
  readonly network: Namespace
  readonly seeder: LibtorrentSeeder
  readonly nodes: LibtorrentDht
}

interface Seen {
  /** What the command sent. */
  readonly sent: readonly CapturedPacket[]
  /** What it got. */
  readonly received: readonly CapturedPacket[]
}

/** Runs the command to its end in `scene`. @returns what passed, without the test's own strays. */
async function watch(scene: Scene, words: readonly string[]): Promise<Seen> {
  const { network, seeder, nodes } = scene
  const place = await mkdtemp(path.join(directory, 'run-'))
  await using capture = await Capture.open(path.join(place, 'packets.pcap'), network.enter)
  sendInside(
    network,
    STRAYS.map(to => ({ from: '127.0.97.250', to, payload: 'stray' })),
  )
  const before = { tcp: await network.ports('listening'), udp: await network.ports('udp') }
  await using command = new Command({
    words: [...words, '--http', '0', '--json', '--exit', '--verbose'],
    home: place,
    enter: network.enter,
  })
  const { url } = (await command.line('listening')) as unknown as { url: string }
  await command.line('metadata')
  // It listens for the player and for nobody else, and a question to its DHT socket stays without an answer.
  const listening = [...(await network.ports('listening'))].filter(port => !before.tcp.has(port))
  expect(listening).toEqual([Number(new URL(url).port)])
  const asked = [...(await network.ports('udp'))].filter(port => !before.udp.has(port))
  sendInside(
    network,
    asked.map(port => ({ from: ASKER, to: `127.0.0.1:${port}`, payload: ping() })),
  )
  expect(await command.end(), command.errors).toBe(0)
  expect(sha256(await readFile(path.join(place, 'store/Film/film.mp4')))).toBe(sha256(film))
  const packets = await capture.end()
  const theirs = new Set([seeder.address, ...nodes.nodes].map(address => address.split(':')[0]))
  theirs.add(ASKER)
  const ours = packets.filter(({ fromIp }) => !theirs.has(fromIp))
  const isStray = ({ payload }: CapturedPacket) => payload.equals(Buffer.from('stray'))
  expect(ours.filter(isStray).map(({ to }) => to)).toEqual(STRAYS)
  expect(packets.filter(({ fromIp }) => fromIp === ASKER)).toHaveLength(asked.length)
  return {
    sent: ours.filter(packet => !isStray(packet)),
    received: packets.filter(({ fromIp }) => theirs.has(fromIp) && fromIp !== ASKER),
  }
}

const ping = () =>
  Buffer.from(
    encodeKrpc({
      kind: 'query',
      method: 'ping',
      transaction: Uint8Array.of(1, 2),
      isReadOnly: false,
      id: new Uint8Array(randomBytes(20)),
    }),
  )

/** Sends datagrams from inside of a namespace, where this process is not. */
function sendInside(
  network: Namespace,
  datagrams: readonly { from: string; to: string; payload: string | Buffer }[],
): void {
  const script = `
import json, socket, sys
for datagram in json.loads(sys.argv[1]):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if datagram["to"].startswith("127."):
        sender.bind((datagram["from"], 0))
    host, port = datagram["to"].split(":")
    sender.sendto(bytes.fromhex(datagram["payload"]), (host, int(port)))
`
  const told = datagrams.map(({ from, to, payload }) => ({
    from,
    to,
    payload: Buffer.from(payload).toString('hex'),
  }))
  const [program = '', ...words] = [...network.enter, '/usr/bin/python3', '-c', script]
  execFileSync(program, [...words, JSON.stringify(told)])
}

/** Every packet against the table. @returns the peer ids by infohash, and the DHT's node ids. */
function check({ sent }: Seen, allowed: ReadonlySet<string>) {
  const peerIds = new Map<string, Uint8Array>()
  const nodeIds = new Set<string>()
  expect([...new Set(sent.map(({ to }) => to))].filter(to => !allowed.has(to))).toEqual([])
  expect(sent.filter(({ kind }) => kind === 'other')).toEqual([])
  for (const { kind, payload } of sent) {
    if (kind !== 'udp') continue
    checkDatagram(payload)
    const message = decodeKrpc(payload)
    if ('id' in message && message.id !== undefined) nodeIds.add(message.id.join())
  }
  for (const stream of tcpStreams(sent).values()) new FreeriderStream(peerIds).read(stream)
  return { peerIds, nodeIds }
}

/** The seeder's own log of everybody who came. */
function expectFreeriderInLog({ told }: LibtorrentSeeder): void {
  const heard = new Set(told.flatMap(line => ('heard' in line ? [String(line.heard)] : [])))
  expect([...heard].filter(kind => !HEARD.has(kind))).toEqual([])
  expect(heard).toContain('REQUEST')
  // Type 0 asks for metadata, type 2 refuses it.
  const metadata = told.filter(line => line.heard === 'UT_METADATA')
  for (const { detail } of metadata) expect(detail).toMatch(/^type: [02] /)
  const clients = told.filter(line => 'client' in line)
  expect(clients.length).toBeGreaterThan(0)
  for (const { client } of clients) expect(client).toMatch(/^Unknown/)
  expect(told.filter(line => 'received' in line)).toEqual([])
  expect(new Set(clients.map(line => line.peerId)).size).toBe(clients.length)
}

async function openScene(isAnnounced: boolean): Promise<Scene & AsyncDisposable> {
  const network = await Namespace.open()
  const nodes = await LibtorrentDht.open(DHT_NODES, '127.0.98.1', 18_000, network.enter)
  const seeder = await LibtorrentSeeder.open({
    source: path.join(directory, 'Film'),
    torrent: path.join(directory, 'film.torrent'),
    address: '127.0.97.1',
    bytesPerSecond: 1_000_000,
    isLogged: true,
    enter: network.enter,
    ...(isAnnounced ? { router: nodes.nodes[0]! } : {}),
  })
  const isFound = async () => {
    const question = { node: 3, do: 'peers', infohash: seeder.infohash, seconds: 5 }
    return (await nodes.ask<{ peers: string[] }>(question)).peers.includes(seeder.address)
  }
  if (isAnnounced) await expect.poll(isFound, { timeout: 30_000 }).toBe(true)
  return {
    network,
    seeder,
    nodes,
    async [Symbol.asyncDispose]() {
      await seeder[Symbol.asyncDispose]()
      await nodes[Symbol.asyncDispose]()
      await network[Symbol.asyncDispose]()
    },
  }
}

test.skipIf(!isPossible)(
  'found through the DHT: every packet and the seeder’s log are a freerider’s',
  async () => {
    await using scene = await openScene(true)
    const { seeder, nodes } = scene
    const allowed = new Set([seeder.address, ...nodes.nodes])
    const routers = nodes.nodes.slice(0, 2).flatMap(node => ['--bootstrap', node])
    const seen = await watch(scene, [seeder.magnet + TEMPTATIONS, ...routers])
    const first = check(seen, allowed)
    expect(first.peerIds.size).toBe(1)
    expect(first.nodeIds.size).toBeGreaterThan(0)
    // A second session with another state has nothing in common with the first that could be recognised.
    const second = check(await watch(scene, [seeder.magnet + TEMPTATIONS, ...routers]), allowed)
    const ids = [...first.peerIds.values(), ...second.peerIds.values()].map(id => id.join())
    expect(new Set(ids).size).toBe(2)
    expect([...second.nodeIds].filter(id => first.nodeIds.has(id))).toEqual([])
    expectFreeriderInLog(seeder)
  },
)

test.skipIf(!isPossible)(
  'by --peer alone: one destination, no datagram, and the seeder’s log is a freerider’s',
  async () => {
    await using scene = await openScene(false)
    const { seeder } = scene
    const words = [seeder.magnet + TEMPTATIONS, '--peer', seeder.address, '--no-dht']
    const seen = await watch(scene, words)
    expect(seen.sent.filter(({ kind }) => kind !== 'tcp')).toEqual([])
    expect(check(seen, new Set([seeder.address])).peerIds.size).toBe(1)
    expect(seen.received.length).toBeGreaterThan(0)
    expectFreeriderInLog(seeder)
  },
)
