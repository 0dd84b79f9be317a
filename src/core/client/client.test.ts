import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { makeTorrent } from '../../../sim/torrents.ts'
import { digests } from '../../../sim/world.ts'
import type { SwarmOptions } from '../swarm/index.ts'
import { encodeHandshake, parseInfo } from '../wire/index.ts'
import { Client, SWARMS_MAX } from './client.ts'
import type { ClientEffect, ClientInput } from './commands.ts'

const PEER = { ip: Uint8Array.of(10, 0, 0, 1), port: 6881 }
const OFF: SwarmOptions = {
  connectionsMax: 20,
  sharing: { kind: 'off' },
  storeLimitBytes: Number.POSITIVE_INFINITY,
}

function world() {
  const luck = new SeededLuck(1)
  const torrent = makeTorrent(luck, { fileSizes: [100_000], pieceSize: 32_768 })
  const client = new Client({
    luck,
    digests,
    downLimit: Number.POSITIVE_INFINITY,
    upLimit: Number.POSITIVE_INFINITY,
  })
  const metainfo = parseInfo(torrent.info, digests)
  const effects: ClientEffect[] = []
  const step = (input: ClientInput, nowMs = 0) => {
    client.step(nowMs, input)
    effects.push(...client.drain())
  }
  const add = (swarm = 1, options = OFF) =>
    step({
      kind: 'add',
      swarm,
      source: { infohash: torrent.infohash, metainfo, peers: [PEER] },
      options,
    })
  const notices = () => effects.flatMap(e => (e.kind === 'notify' ? [e.notice] : []))
  const of = <Kind extends ClientEffect['kind']>(kind: Kind) =>
    effects.filter(e => e.kind === kind) as Extract<ClientEffect, { kind: Kind }>[]
  return { client, torrent, step, add, notices, of, effects }
}

const handshakeFor = (infohash: Uint8Array) =>
  encodeHandshake({
    infohash,
    peerId: new Uint8Array(20).fill(1),
    hasDht: false,
    hasFast: true,
    hasExtensions: true,
    hasV2: false,
  })

test('a torrent that is added dials its peers, and its connections reach it', () => {
  const { client, torrent, step, add, of } = world()
  add()
  const [dial] = of('tcp-dial')
  expect(dial?.to).toEqual(PEER)
  step({ kind: 'tcp-open', connection: 1 })
  step({ kind: 'tcp-data', connection: 1, bytes: handshakeFor(torrent.infohash) })
  expect(client.status(1)?.peers[0]?.state).toBe('choked')
  expect(client.disclosures().map(({ address }) => address)).toEqual(['10.0.0.1:6881'])
})

test('a blocked address is neither dialled nor let in', () => {
  const { client, step, add, of } = world()
  client.blocklist.replace([{ first: PEER.ip, last: PEER.ip }])
  add()
  expect(of('tcp-dial')).toEqual([])
  step({ kind: 'tcp-accepted', connection: 2, from: PEER })
  expect(of('tcp-close')).toEqual([{ kind: 'tcp-close', connection: 2 }])
})

test('who comes in is let to the torrent that it names, if that shares', () => {
  const { client, torrent, step, add } = world()
  add(1, { ...OFF, sharing: { kind: 'full', ratio: 1 } })
  const from = { ip: Uint8Array.of(10, 0, 0, 9), port: 1234 }
  step({ kind: 'tcp-accepted', connection: 2, from })
  step({ kind: 'tcp-data', connection: 2, bytes: handshakeFor(torrent.infohash) })
  expect(client.status(1)?.peers.map(({ source }) => source)).toContain('incoming')
})

test('who comes in and names a torrent that we lack, or that does not share, is closed', () => {
  const { torrent, step, add, of } = world()
  add()
  for (const [connection, infohash] of [
    [2, new Uint8Array(20)],
    [4, torrent.infohash],
  ] as const) {
    step({ kind: 'tcp-accepted', connection, from: PEER })
    step({ kind: 'tcp-data', connection, bytes: handshakeFor(infohash) })
  }
  expect(of('tcp-close').map(({ connection }) => connection)).toEqual([2, 4])
})

test('removing closes its connections, answers, and forgets the torrent', () => {
  const { client, step, add, of, notices, effects } = world()
  // The disk has nothing, and everything that is asked of it succeeds; its answers bring new requests.
  let answered = 0
  const answerDisk = () => {
    for (; answered < effects.length; answered++) {
      const effect = effects[answered]
      if (effect?.kind === 'disk-write') step({ kind: 'disk-written', request: effect.request })
      if (effect?.kind !== 'disk-read') continue
      const { request } = effect
      step({ kind: 'disk-failed', request, reason: 'missing', message: 'no such file' })
    }
  }
  add()
  answerDisk()
  step({ kind: 'remove', swarm: 1, deleteFiles: true })
  answerDisk()
  expect(of('tcp-close').map(({ connection }) => connection)).toEqual([1])
  expect(notices()).toContainEqual({ kind: 'removed', swarm: 1 })
  expect(client.status(1)).toBeUndefined()
})

test('stopping without torrents is answered at once, and no torrent is taken afterwards', () => {
  const { client, step, add, notices } = world()
  step({ kind: 'stop' })
  expect(notices()).toEqual([{ kind: 'stopped' }])
  add()
  expect(client.status(1)).toBeUndefined()
})

test('one torrent more than allowed is refused with a word to the user', () => {
  const { add, notices } = world()
  for (let swarm = 1; swarm <= SWARMS_MAX + 1; swarm++) add(swarm)
  const problems = notices().filter(notice => notice.kind === 'problem')
  expect(problems).toMatchObject([
    { swarm: SWARMS_MAX + 1, problem: { code: 'too-many-torrents' } },
  ])
})

test('a command for a torrent that is not there does nothing', () => {
  const { step, notices } = world()
  step({ kind: 'select', swarm: 9, files: [0] })
  expect(notices()).toEqual([])
})
