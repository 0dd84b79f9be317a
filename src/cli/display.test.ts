import { expect, test } from 'vitest'
import { MemoryTorrent } from '../../test/support/memory-client.ts'
import type { PeerView, TorrentView } from '../api/index.ts'
import { type FrameOptions, frame } from './frame.ts'
import { JsonDisplay } from './json-display.ts'
import { LineDisplay } from './line-display.ts'
import { LiveDisplay } from './live-display.ts'
import { bar, pieceMap } from './piece-map.ts'
import { widthOf } from './text.ts'

const URL = 'http://127.0.0.1:7070/'
const EVIL = 'a\x1b[2J\nb\u202e\x9b31m'

const torrent = new MemoryTorrent({
  infohash: 'a'.repeat(40),
  files: [{ path: 'film.mp4', bytes: new Uint8Array(1_000_000) }],
})

const peer = (number: number): PeerView => ({
  address: `10.0.0.${number}:6881`,
  state: number === 1 ? 'sending' : 'choked',
  downBytesPerSecond: number === 1 ? 123_456 : 0,
  upBytesPerSecond: 0,
  downBytes: 0,
  progress: 1,
  source: 'dht',
})

const viewOf = (changes: Partial<TorrentView> = {}): TorrentView => ({
  ...torrent.view(),
  name: 'Film',
  verifiedBytes: 430_000,
  contiguousBytes: 163_840,
  downBytesPerSecond: 123_456,
  secondsLeft: 5,
  peers: [peer(1), peer(2), { ...peer(3), state: 'connecting' }],
  peersKnown: 7,
  ...changes,
})

const picture = (options: Partial<FrameOptions> = {}, changes: Partial<TorrentView> = {}) =>
  frame({
    shown: [{ view: viewOf(changes), pieces: torrent.pieces() }],
    url: URL,
    notes: [],
    columns: 80,
    rows: 24,
    isColoured: false,
    isUnicode: true,
    ...options,
  })

test('the picture tells the address, name, share, speed, time left and peers', () => {
  expect(picture()).toEqual([
    URL,
    'Film',
    expect.stringMatching(
      /^█+[▏▎▍▌▋▊▉]?░+ {2}43 % {2}430 kB of 1\.00 MB {2}123 kB\/s {2}5 s left$/,
    ),
    expect.stringMatching(/^\[.{77}\]$/),
    '2 of 20 peers, 7 more known',
    '  10.0.0.1:6881             123 kB/s  100 %',
    '  10.0.0.2:6881               choked  100 %',
    '  10.0.0.3:6881           connecting  100 %',
  ])
})

test.each([1, 5, 12, 20, 40, 79, 300])(
  'no line is wider than a terminal of %i columns',
  columns => {
    const changes = { name: '日本語の長い名前'.repeat(9), peers: [peer(1)] }
    for (const line of picture({ columns, notes: ['x'.repeat(500)] }, changes))
      expect(widthOf(line)).toBeLessThan(Math.max(columns, 11))
  },
)

test.each([2, 4, 6, 10])(
  'a terminal of %i rows is never scrolled, and 100 peers are counted',
  rows => {
    const peers = Array.from({ length: 100 }, (_, index) => peer(index))
    const lines = picture({ rows, notes: ['disk full'] }, { peers })
    expect(lines.length).toBeLessThan(rows)
    if (rows === 10) expect(lines.join('\n')).toMatch(/and 98 more\ndisk full/)
  },
)

test('several torrents take two lines each', () => {
  const shown = [1, 2, 3].map(() => ({ view: viewOf(), pieces: torrent.pieces() }))
  expect(picture({ shown })).toHaveLength(7)
})

test('a name cannot write to the terminal through either display for people', () => {
  const written: string[] = []
  const output = { write: (text: string) => written.push(text) }
  const terminal = { ...output, columns: 80, rows: 24 }
  const live = { terminal, isColoured: true, isUnicode: true, isVerbose: true }
  const displays = [new LineDisplay({ output, isVerbose: true }), new LiveDisplay(live)]
  for (const display of displays) {
    const view = viewOf({ name: EVIL })
    display.listening(URL)
    display.metadata(view)
    display.peer({ type: 'peer', address: '1.2.3.4:5', state: 'banned', reason: EVIL })
    display.problem({ code: 'x', message: EVIL, isFatal: false }, EVIL)
    display.done(view)
    display.progress([{ view, pieces: torrent.pieces() }])
    display.close()
  }
  const text = written.join('')
  expect(text).not.toContain('\x1b[2J')
  expect(text).not.toContain('\x9b')
  expect(text).not.toContain('\u202e')
})

test('the live display draws over itself and gives the cursor back once', () => {
  const written: string[] = []
  const terminal = { write: (text: string) => written.push(text), columns: 80, rows: 24 }
  const display = new LiveDisplay({
    terminal,
    isColoured: false,
    isUnicode: true,
    isVerbose: false,
  })
  display.listening(URL)
  display.progress([{ view: viewOf(), pieces: torrent.pieces() }])
  display.progress([{ view: viewOf({ name: 'Other' }), pieces: torrent.pieces() }])
  display.close()
  display.close()
  expect(written[0]).toBe('\x1b[?25l')
  expect(written[2]?.startsWith('\x1b[1A\r\x1b[J')).toBe(true)
  expect(written[3]?.startsWith('\x1b[8A\r\x1b[J')).toBe(true)
  expect(written.slice(4)).toEqual(['\x1b[?25h'])
})

test('after the window became narrower the folded lines are cleared too', () => {
  const written: string[] = []
  const terminal = { write: (text: string) => written.push(text), columns: 80, rows: 50 }
  const display = new LiveDisplay({
    terminal,
    isColoured: false,
    isUnicode: true,
    isVerbose: false,
  })
  display.progress([{ view: viewOf(), pieces: torrent.pieces() }])
  terminal.columns = 30
  display.progress([{ view: viewOf(), pieces: torrent.pieces() }])
  expect(written[2]?.startsWith('\x1b[24A\r')).toBe(true)
})

test('a line tells the same without a terminal', () => {
  const written: string[] = []
  const output = { write: (text: string) => written.push(text) }
  const display = new LineDisplay({ output, isVerbose: false })
  display.listening(URL)
  display.progress([{ view: viewOf(), pieces: torrent.pieces() }])
  expect(written).toEqual([
    `Watch at ${URL}\n`,
    'Film  43 %  430 kB of 1.00 MB  123 kB/s  5 s left  piece 10 of 62  ' +
      `2 peers: 10.0.0.1:6881 10.0.0.2:6881  ${URL}\n`,
  ])
})

test('before the file list is known a line says what is going on', () => {
  const written: string[] = []
  const display = new LineDisplay({
    output: { write: (text: string) => written.push(text) },
    isVerbose: false,
  })
  const unknown = { name: null, state: 'finding-peers', pieceBytes: 0, pieceCount: 0 } as const
  display.progress([{ view: viewOf({ ...unknown, peers: [] }), pieces: torrent.pieces() }])
  expect(written).toEqual([`${'a'.repeat(40)}  finding peers  0 peers  \n`])
})

test('JSON lines hold what docs/json.md says', () => {
  const written: string[] = []
  const output = { write: (text: string) => written.push(text) }
  const display = new JsonDisplay({ output, now: () => 12.4, urlOf: path => `http://h${path}` })
  display.listening(URL)
  display.metadata(viewOf())
  display.peer({ type: 'peer', address: '1.2.3.4:5', state: 'connected' })
  display.progress([{ view: viewOf(), pieces: torrent.pieces() }])
  display.note()
  display.done(viewOf())
  display.problem({ code: 'disk-full', message: 'Make room.', isFatal: false })
  const infohash = 'a'.repeat(40)
  expect(written.map(line => JSON.parse(line))).toEqual([
    { type: 'listening', atMs: 12, url: URL },
    {
      type: 'metadata',
      atMs: 12,
      infohash,
      name: 'Film',
      totalBytes: 1_000_000,
      pieceBytes: 16384,
      files: [
        {
          index: 0,
          path: 'film.mp4',
          bytes: 1_000_000,
          url: `http://h/stream/${infohash}/0/film.mp4`,
        },
      ],
    },
    { type: 'peer', atMs: 12, address: '1.2.3.4:5', state: 'connected' },
    {
      type: 'progress',
      atMs: 12,
      infohash,
      verifiedBytes: 430_000,
      totalBytes: 1_000_000,
      contiguousBytes: 163_840,
      downBytesPerSecond: 123_456,
      wastedBytes: 0,
      peers: 2,
    },
    { type: 'done', atMs: 12, infohash },
    { type: 'error', atMs: 12, code: 'disk-full', message: 'Make room.', fatal: false },
  ])
})

test('a cell of the piece map is full only when all its pieces are there', () => {
  const map = (bits: number[], pieceCount: number, columns: number, inFlight: number[] = []) =>
    pieceMap({
      pieceCount,
      inFlight,
      verified: Buffer.from(bits).toString('base64'),
      columns,
      isUnicode: true,
    })
  expect(map([0b11110111, 0b10000000], 16, 4)).toBe('█▓░ ')
  expect(map([0b10100000], 3, 6)).toBe('██  ██')
  expect(map([], 0, 3)).toBe('   ')
  expect(map([0b10000000], 4, 4, [0, 2])).toBe('█ · ')
})

test('a bar is exactly as wide as asked and full only at the end', () => {
  for (const share of [0, 0.01, 0.5, 0.999, 1, 2, -1])
    for (const isUnicode of [true, false]) expect(bar(share, 20, isUnicode)).toHaveLength(20)
  expect(bar(0.999, 4, true)).toBe('███▉')
  expect(bar(1, 4, true)).toBe('████')
  expect(bar(0.5, 4, false)).toBe('##--')
})
