import { expect, test } from 'vitest'
import type { PeerView, TorrentView } from '../../src/api/index.ts'
import { peerLine, progressLine, waitOf } from './status.ts'

const peer = (state: PeerView['state']): PeerView => ({
  address: '127.0.0.2:6881',
  state,
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  downBytes: 0,
  progress: 1,
  source: 'dht',
})

const torrent = (change: Partial<TorrentView>): TorrentView => ({
  infohash: 'a'.repeat(40),
  name: 'Film',
  state: 'downloading',
  problem: null,
  totalBytes: 1000e6,
  wantedBytes: 1000e6,
  verifiedBytes: 0,
  contiguousBytes: 0,
  wastedBytes: 0,
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  secondsLeft: null,
  pieceBytes: 8e6,
  pieceCount: 125,
  files: [
    {
      index: 0,
      path: 'Film.mp4',
      bytes: 1000e6,
      offsetBytes: 0,
      verifiedBytes: 0,
      contiguousBytes: 0,
      isWanted: true,
      kind: 'video',
      mime: 'video/mp4',
      url: '/stream/a/0/Film.mp4',
    },
  ],
  peers: [],
  peersKnown: 0,
  connectionsMax: 20,
  viewers: [],
  ...change,
})

const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

test.each<[Partial<TorrentView>, string, string]>([
  [
    { state: 'finding-peers' },
    'Looking for peers',
    'Asking the network who has it. The first time takes up to half a minute.',
  ],
  [
    { state: 'finding-peers', peersKnown: 11, peers: [peer('connecting')] },
    'Looking for peers',
    '12 addresses found; none has answered yet.',
  ],
  [
    { state: 'fetching-metadata', peers: [peer('choked')] },
    'Fetching the list of files',
    'Asking 1 peer what is inside.',
  ],
  [{ peers: [peer('connecting')] }, 'Waiting for peers', '1 address found; none has answered yet.'],
  [
    { peers: [peer('choked'), peer('connected')] },
    'Waiting for a turn',
    '2 peers connected; none sends anything yet.',
  ],
  [
    { peers: [peer('sending'), peer('choked')], downBytesPerSecond: 8e6 },
    'Buffering',
    '8 MB/s from 1 peer.',
  ],
  [
    { peers: [peer('sending')], downBytesPerSecond: 1e6 },
    'Buffering',
    '1 MB/s from 1 peer. A piece of 8 MB takes 8 s.',
  ],
  [
    { state: 'failed', problem: { code: 'x', message: 'The disk is gone.', isFatal: true } },
    'Stopped',
    'The disk is gone.',
  ],
])('%o waits with %s', (change, headline, detail) => {
  const wait = waitOf(torrent(change))
  expect([wait.headline, plain(wait.detail)]).toEqual([headline, detail])
})

test('progress counts what is wanted, and never says 100 % before it is done', () => {
  const almost = torrent({ verifiedBytes: 996e6, secondsLeft: 90 })
  expect(plain(progressLine(almost))).toBe('996 MB of 1 GB · 99 % · 2 min left')
  expect(plain(progressLine(torrent({ state: 'done' })))).toBe('All 1 GB verified and on the disk')
  expect(progressLine(torrent({ wantedBytes: 0 }))).toContain('No file is chosen')
})

test('peers that only wait are not said to send', () => {
  expect(peerLine(torrent({ peers: [peer('choked')] }))).toBe('1 peer connected')
  expect(peerLine(torrent({ peers: [peer('sending'), peer('choked')] }))).toBe(
    '1 of 2 peers sending',
  )
  expect(peerLine(torrent({}))).toBe('No peers connected')
})
