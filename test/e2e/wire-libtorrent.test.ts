// Our wire against libtorrent's: encryption in both roles, metadata, blocks and v2 hashes, over real sockets.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from 'vitest'
import { concatBytes, toHex } from '../../src/core/bytes/index.ts'
import {
  bigIntKeyExchange,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeHandshake,
  encodeMetadataMessage,
  layerRequests,
  type Metainfo,
  MseInitiator,
  type MseMethod,
  MseReceiver,
  parseInfo,
  parseTorrentFile,
  SkeyTable,
  treeHeight,
  verifyHashes,
} from '../../src/core/wire/index.ts'
import { Dice, digests, latin1, readBytes } from '../support/wire.ts'
import { WireSocket } from '../support/wire-socket.ts'

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, at) => at * 7 + (at >> 8) * 3)
const METADATA_ID = 3

const toEnd: (() => void)[] = []
afterEach(() => {
  for (const end of toEnd.splice(0)) end()
})

interface Libtorrent {
  readonly port: number
  readonly torrent: Metainfo
}

async function openLibtorrent(...words: readonly string[]): Promise<Libtorrent> {
  const folder = mkdtempSync(join(tmpdir(), 'wire-'))
  const script = join(import.meta.dirname, 'libtorrent_wire.py')
  const child: ChildProcess = spawn('/usr/bin/python3', [script, folder, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  toEnd.push(() => {
    child.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  const [line] = await once(
    createInterface({ input: child.stdout as NodeJS.ReadableStream }),
    'line',
  )
  const torrent = parseTorrentFile(readBytes(join(folder, 'content.torrent')), digests)
  return { port: JSON.parse(line).port, torrent }
}

const tools = {
  luck: new Dice(Number(process.pid)),
  sha1: digests.sha1,
  keyExchange: bigIntKeyExchange,
}

const ourHandshake = (infohash: Uint8Array) =>
  encodeHandshake({
    infohash,
    peerId: latin1('-TL0100-abcdefghijkl'),
    hasDht: false,
    hasFast: true,
    hasExtensions: true,
    hasV2: false,
  })

const ourExtensions = encodeExtensionHandshake({
  extensions: new Map([['ut_metadata', METADATA_ID]]),
  isUploadOnly: false,
})

/** Dials a seeder, agrees on a method and says hello. */
async function dial(
  { port, torrent }: Libtorrent,
  methods: readonly MseMethod[],
): Promise<WireSocket> {
  const socket = connect(port, '127.0.0.1')
  toEnd.push(() => socket.destroy())
  await once(socket, 'connect')
  const payload = ourHandshake(torrent.infohash)
  const side = new MseInitiator(tools, { infohash: torrent.infohash, methods, payload })
  const peer = new WireSocket(socket, side)
  socket.write(side.start())
  await peer.until(() => peer.handshake)
  peer.say({ kind: 'haveNone' }, { kind: 'extended', extensionId: 0, payload: ourExtensions })
  return peer
}

test.each([
  ['v1', 'rc4'],
  ['hybrid', 'rc4'],
  ['v2', 'plaintext'],
] as const)(
  'a %s torrent comes from libtorrent over %s: metadata and a verified piece',
  async (kind, method) => {
    const libtorrent = await openLibtorrent(kind, method, 'seed')
    const { torrent } = libtorrent
    const peer = await dial(libtorrent, ['rc4', 'plaintext'])
    expect(peer.session?.method).toBe(method)
    expect(peer.handshake).toMatchObject({
      infohash: torrent.infohash,
      hasFast: true,
      hasExtensions: true,
    })

    const hello = await peer.hear('extended', message => message.extensionId === 0)
    const theirs = decodeExtensionHandshake(hello.payload)
    expect(theirs.metadataSize).toBe(torrent.infoBytes.length)
    peer.say({
      kind: 'extended',
      extensionId: theirs.extensions.get('ut_metadata') ?? 0,
      payload: encodeMetadataMessage({ kind: 'request', piece: 0 }),
    })
    const answer = await peer.hear('extended', message => message.extensionId === METADATA_ID)
    const data = decodeMetadataMessage(answer.payload)
    if (data?.kind !== 'data') throw new Error('no metadata')
    expect(toHex(parseInfo(data.bytes, digests).infohash)).toBe(toHex(torrent.infohash))

    peer.say({ kind: 'interested' })
    await peer.hear('unchoke')
    const wanted = [0, 16_384].map(
      begin => ({ kind: 'request', piece: 2, begin, size: 16_384 }) as const,
    )
    peer.say(...wanted)
    const [first, second] = await Promise.all(
      wanted.map(({ begin }) => peer.hear('piece', message => message.begin === begin)),
    )
    const piece = concatBytes(first?.block ?? latin1(''), second?.block ?? latin1(''))
    expect(toHex(piece)).toBe(toHex(CONTENT.slice(65_536, 98_304)))
    if (torrent.pieceHashes !== undefined) {
      expect(toHex(digests.sha1(piece))).toBe(toHex(torrent.pieceHashes.subarray(40, 60)))
    }
  },
)

test('hashes of the blocks and of the pieces, asked of libtorrent, are proved against the root', async () => {
  const libtorrent = await openLibtorrent('v2', 'rc4', 'seed')
  const peer = await dial(libtorrent, ['rc4'])
  const [file] = libtorrent.torrent.files
  const piecesRoot = file?.piecesRoot ?? latin1('')
  const blocks = Math.ceil(CONTENT.length / 16_384)
  const height = treeHeight(blocks)
  for (const baseLayer of [0, 1]) {
    const count = Math.ceil(blocks / 2 ** baseLayer)
    const [range] = layerRequests(piecesRoot, { baseLayer, count, height })
    if (range === undefined) throw new Error('no request')
    peer.say({ kind: 'hashRequest', range })
    const answer = await peer.hear('hashes', message => message.range.baseLayer === baseLayer)
    expect(answer.range).toEqual(range)
    const root = { hash: piecesRoot, layer: height }
    expect(verifyHashes(digests.sha256, answer.range, answer.hashes, root)).toBe(true)
    const own = baseLayer === 0 ? digests.sha256(CONTENT.subarray(0, 16_384)) : undefined
    if (own !== undefined) expect(toHex(answer.hashes.subarray(0, 32))).toBe(toHex(own))
  }
  // One run from the middle, with its uncles.
  const range = { piecesRoot, baseLayer: 0, index: 8, count: 4, proofLayers: height - 1 }
  peer.say({ kind: 'hashRequest', range })
  const answer = await peer.hear('hashes', message => message.range.index === 8)
  expect(answer.hashes.length / 32).toBe(4 + height - 2)
  expect(
    verifyHashes(digests.sha256, range, answer.hashes, { hash: piecesRoot, layer: height }),
  ).toBe(true)
})

test.each(['rc4', 'plaintext'] as const)('libtorrent dials us and agrees on %s', async method => {
  const server: Server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  toEnd.push(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const dialled = once(server, 'connection') as Promise<[Socket]>
  const { torrent } = await openLibtorrent('v1', method, 'dial', '127.0.0.1', `${address.port}`)
  const [socket] = await dialled
  toEnd.push(() => socket.destroy())
  const table = new SkeyTable(digests.sha1)
  table.add(latin1('mnopqrstuvwxyz123456'))
  table.add(torrent.infohash)
  const peer = new WireSocket(
    socket,
    new MseReceiver(tools, { table, methods: ['rc4', 'plaintext'] }),
  )
  const handshake = await peer.until(() => peer.handshake)
  expect(peer.session?.method).toBe(method)
  expect(handshake).toMatchObject({ infohash: torrent.infohash, hasExtensions: true })
  peer.send(ourHandshake(torrent.infohash))
  peer.say({ kind: 'haveAll' }, { kind: 'extended', extensionId: 0, payload: ourExtensions })
  const hello = await peer.hear('extended', message => message.extensionId === 0)
  expect(decodeExtensionHandshake(hello.payload).client).toMatch(/^libtorrent/)
  await peer.hear('interested')
  peer.say({ kind: 'unchoke' })
  const request = await peer.hear('request')
  expect(request.begin % 16_384).toBe(0)
  expect(request.size).toBeLessThanOrEqual(16_384)
})
