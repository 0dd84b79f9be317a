// Start and seek behind a real link: how long from the command to the first byte, and from a seek to the first byte there.
//   LINK=<link.py> node bench/link-start.mjs [runs]      as root, on Linux; after `npm run build`
// `LINK` is a program `link.py A B --delay --rate` that joins two network namespaces by a link (10.78.0.1 and 10.78.0.2)
// and prints `ready`. Five libtorrent seeders stand behind it. Beside each figure stands its limit:
//   start: process start + 5 round trips + the seeders' own unchoke delay + 1.3x the piece's time on the link
//   seek:  4 round trips + 1.3x the piece's time
// where a v2 torrent needs one block of 16 KiB instead of a piece, and with a liar and a staller one piece's time more is given.
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ROUND_TRIP_MS = 50
const LINK_MBIT = 32
/** Payload in a full packet: 1,500 bytes less IP, TCP and its time stamps. */
const LINK_BYTES_PER_MS = ((LINK_MBIT * 1e6) / 8 / 1000) * (1448 / 1500)
const BLOCK_BYTES = 16_384
const FILE_BYTES = 96 * 2 ** 20
const SEEK_SHARE = 0.7
/** Played before the seek, so that the pipe is as full as it gets. */
const PLAY_BYTES = 8 * 2 ** 20
const SEEDERS = 5
const RUN_LIMIT_MS = 60_000
const KINDS = [
  { name: '256 KiB', kind: 'v1', pieceBytes: 2 ** 18 },
  { name: '1 MiB', kind: 'v1', pieceBytes: 2 ** 20 },
  { name: '8 MiB', kind: 'v1', pieceBytes: 2 ** 23 },
  { name: 'v2, 1 MiB', kind: 'v2', pieceBytes: 2 ** 20 },
]

const here = path => fileURLToPath(new URL(path, import.meta.url))
const program = here('../bin/torrent-live.js')
const python = process.env.PYTHON ?? '/usr/bin/python3'
const [, , word = '3', ...given] = process.argv
const folder = process.env.BENCH_FOLDER ?? mkdtempSync(join(tmpdir(), 'link-'))
const names = { home: `tl-home-${process.pid}`, far: `tl-far-${process.pid}` }
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

if (word === 'watch') await watch(given)
else await measure(Number(word))

/** One viewer on this side of the link: starts the command, plays, seeks, and prints what it took. */
async function watch([torrent, source, infohash, ...peers]) {
  const home = mkdtempSync(join(folder, 'home-'))
  const options = ['--no-dht', '--http', '0', '--json', ...peers.flatMap(peer => ['--peer', peer])]
  const startedAt = performance.now()
  const command = spawn(process.execPath, [program, torrent, 'store', ...options], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const figures = {}
  try {
    const lines = createInterface({ input: command.stdout })
    let wastedBytes = 0
    const ready = new Promise(resolve => {
      lines.on('line', text => {
        const line = JSON.parse(text)
        if (line.type === 'listening') resolve(line.url)
        if (line.type === 'progress') wastedBytes = line.wastedBytes
      })
    })
    const base = await ready
    figures.urlMs = performance.now() - startedAt
    const url = new URL(`/stream/${infohash}/0/film.bin`, base)
    const head = await open(url, 0)
    figures.startMs = performance.now() - startedAt
    await playOn(head, PLAY_BYTES)
    const position = Math.floor(FILE_BYTES * SEEK_SHARE)
    const soughtAt = performance.now()
    await head.reader.cancel()
    const there = await open(url, position)
    figures.seekMs = performance.now() - soughtAt
    figures.isRight = isSame(source, 0, head.first) && isSame(source, position, there.first)
    await there.reader.cancel()
    figures.wastedBytes = wastedBytes
  } finally {
    command.kill('SIGKILL')
    await once(command, 'close')
    rmSync(home, { recursive: true, force: true })
  }
  console.log(JSON.stringify(figures))
  process.exit(0)
}

/** Resolves with the first bytes. The torrent may not be known yet for a moment after the URL is printed. */
async function open(url, position) {
  for (;;) {
    const response = await fetch(url, { headers: { range: `bytes=${position}-` } })
    if (response.status === 404) continue
    const reader = response.body.getReader()
    return { first: (await reader.read()).value, reader }
  }
}

async function playOn({ reader, first }, bytes) {
  for (let played = first.length; played < bytes; ) played += (await reader.read()).value.length
}

function isSame(source, position, bytes) {
  const wanted = Buffer.alloc(bytes.length)
  readSync(openSync(source, 'r'), wanted, 0, bytes.length, position)
  return wanted.equals(bytes)
}

async function measure(runs) {
  if (process.env.LINK === undefined) throw new Error('LINK names no link program')
  const source = join(folder, 'film.bin')
  await makeFile(source)
  const link = start([
    ...[python, process.env.LINK, names.home, names.far, '--delay', `${ROUND_TRIP_MS / 2}`],
    ...['--rate', `${LINK_MBIT}`, '--secs', '600'],
  ])
  try {
    await link.line()
    const baseMs = median(Array.from({ length: 3 }, processStartMs))
    console.log(
      `process start (--version): ${baseMs.toFixed(0)} ms; ${runs} runs each, medians, ms`,
    )
    console.log(
      '| torrent | TCP connect | URL printed | seeders unchoke after | piece, hard-wired client | start | its limit | seek | its limit | with a liar and a staller: start | its limit |',
    )
    console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |')
    for (const kind of KINDS) await measureKind(kind, { source, runs, baseMs })
  } finally {
    link.child.stdin.end()
    await once(link.child, 'close')
    for (const name of Object.values(names)) spawnSync('ip', ['netns', 'del', name])
    rmSync(folder, { recursive: true, force: true })
  }
}

function processStartMs() {
  const startedAt = performance.now()
  spawnSync(process.execPath, [program, '--version'])
  return performance.now() - startedAt
}

async function makeFile(path) {
  const out = createWriteStream(path)
  for (let written = 0; written < FILE_BYTES; written += 2 ** 20) out.write(randomBytes(2 ** 20))
  out.end()
  await once(out, 'close')
}

async function measureKind({ name, kind, pieceBytes }, { source, runs, baseMs }) {
  const place = mkdtempSync(join(folder, 'kind-'))
  mkdirSync(join(place, 'torrents'))
  const far = []
  try {
    const peers = []
    let infohash = ''
    for (let index = 0; index < SEEDERS; index++) {
      const torrent = join(place, 'torrents', `${index}.torrent`)
      const script = here('../test/e2e/libtorrent_seeder.py')
      const words = [script, source, torrent, '10.78.0.2', kind, `${pieceBytes}`, '--checked']
      const seeder = start(inside(names.far, [python, ...words]))
      far.push(seeder)
      const told = JSON.parse(await seeder.line())
      infohash = told.infohash
      peers.push(`10.78.0.2:${told.port}`)
    }
    const floors = await repeat(runs, () =>
      tell(names.home, [here('link-peers.mjs'), 'floor', infohash, `${pieceBytes}`, ...peers]),
    )
    const words = ['watch', join(place, 'torrents', '0.torrent'), source, infohash, ...peers]
    const plain = await repeat(runs, () => tell(names.home, [here('link-start.mjs'), ...words]))
    const hostile = []
    for (let run = 0; run < runs; run++) {
      const harmers = []
      for (const role of ['liar', 'staller']) {
        const script = here('link-peers.mjs')
        const line = [process.execPath, script, role, infohash, source, '10.78.0.2']
        const harmer = start(inside(names.far, line))
        harmers.push({ harmer, peer: `10.78.0.2:${await harmer.line()}` })
      }
      // They come first, so that the head piece is in their hands.
      const [mode, torrent, file, hash, ...honest] = words
      const all = [mode, torrent, file, hash, ...harmers.map(({ peer }) => peer), ...honest]
      hostile.push(await tell(names.home, [here('link-start.mjs'), ...all]))
      for (const { harmer } of harmers) harmer.child.kill()
    }
    printRow({ name, kind, pieceBytes, baseMs, floors, plain, hostile })
  } finally {
    for (const { child } of far) child.kill()
  }
}

function printRow({ name, kind, pieceBytes, baseMs, floors, plain, hostile }) {
  const neededBytes = kind === 'v2' ? BLOCK_BYTES : pieceBytes
  const neededMs = neededBytes / LINK_BYTES_PER_MS
  const of = (rows, key) => median(rows.map(row => row[key]))
  // From the connection on, libtorrent's answer to the handshake takes one round trip; what is beyond is its own delay.
  const ownMs = median(
    floors.map(({ connectMs, unchokeMs }) =>
      Math.max(0, median(unchokeMs) - median(connectMs) - ROUND_TRIP_MS),
    ),
  )
  const startLimitMs = baseMs + 5 * ROUND_TRIP_MS + ownMs + 1.3 * neededMs
  const seekLimitMs = 4 * ROUND_TRIP_MS + 1.3 * neededMs
  const cells = [
    name,
    // Beyond 51 ms the link itself was late: a busy machine.
    median(floors.map(({ connectMs }) => median(connectMs))),
    of(plain, 'urlMs'),
    ownMs,
    of(floors, 'pieceMs'),
    of(plain, 'startMs'),
    startLimitMs,
    of(plain, 'seekMs'),
    seekLimitMs,
    of(hostile, 'startMs'),
    startLimitMs + pieceBytes / LINK_BYTES_PER_MS,
  ]
  const shown = cells.map(cell => (typeof cell === 'number' ? cell.toFixed(0) : cell))
  console.log(`| ${shown.join(' | ')} |`)
  if (process.env.BENCH_VERBOSE !== undefined)
    console.log(JSON.stringify({ floors, plain, hostile }))
  if (![...plain, ...hostile].every(({ isRight }) => isRight)) console.log('WRONG BYTES')
}

async function repeat(count, run) {
  const results = []
  while (results.length < count) results.push(await run())
  return results
}

function inside(namespace, words) {
  return ['nsenter', `--net=/run/netns/${namespace}`, ...words]
}

/** Runs a script of this folder in a namespace. @returns the JSON that it prints */
async function tell(namespace, words) {
  const told = start(inside(namespace, [process.execPath, ...words]))
  const giveUp = setTimeout(() => told.child.kill(), RUN_LIMIT_MS)
  const line = await told.line()
  clearTimeout(giveUp)
  if (line === undefined) throw new Error(`no answer: ${words.join(' ')}`)
  return JSON.parse(line)
}

function start([enter, ...words]) {
  const env = { ...process.env, BENCH_FOLDER: folder }
  const child = spawn(enter, words, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, line: async () => (await lines.next()).value }
}
