// `npm run bench`: our throughput beside other programs, in one run, with one fast libtorrent seeder and
// everything in memory. `BENCH_HARNESS` names a folder with the harness `bench.py`, which knows more peers;
// without it libtorrent alone is measured, by this file. Needs Python's libtorrent (Debian: python3-libtorrent).
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const harness = process.env.BENCH_HARNESS
const python = process.env.PYTHON ?? '/usr/bin/python3'
const peers = (process.env.BENCH_PEERS ?? 'libtorrent aria2').split(' ')
const runs = Number(process.env.BENCH_RUNS ?? 3)
const mebibytes = Number(process.env.BENCH_MIB ?? 2048)
const ours = `${process.execPath} ${join(here, 'download.mjs')}`
const clockTicks = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout)

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const folder = mkdtempSync(join(memory, 'bench-'))
try {
  const torrent = makeTorrent()
  const rows = harness === undefined ? await compare(torrent) : withHarness(torrent)
  print(rows)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Random bytes, and a torrent of them with 1 MiB pieces. @returns its path */
function makeTorrent() {
  const data = join(folder, 'payload.bin')
  const file = openSync(data, 'w')
  const chunk = Buffer.alloc(2 ** 20)
  for (let index = 0; index < mebibytes; index++) writeSync(file, randomFillSync(chunk))
  const torrent = join(folder, 'payload.torrent')
  runPython(['make_torrent.py', data, torrent, '1024'])
  return torrent
}

function runPython([script, ...rest]) {
  const made = spawnSync(python, [join(here, script), ...rest], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`${script} failed: ${made.stderr || made.error?.message}`)
}

/** @returns one row for each run of each client, as the harness prints them */
function withHarness(torrent) {
  const shared = [
    '--runs',
    runs,
    '--torrent',
    torrent,
    '--data',
    folder,
    '--out',
    join(folder, 'out'),
  ]
  const rows = []
  for (const client of ['ours', ...peers]) {
    const who = client === 'ours' ? ['custom', '--label', 'ours', '--cmd', ours] : [client]
    const args = [join(harness, 'bench.py'), ...who, ...shared.map(String)]
    const done = spawnSync(python, args, { encoding: 'utf8', cwd: harness })
    const lines = done.stdout.split('\n').filter(line => line.startsWith('{'))
    if (lines.length === 0) console.error(`${client} gave no figures: ${done.stderr.slice(-500)}`)
    rows.push(...lines.map(line => JSON.parse(line)))
  }
  return rows
}

/** Ours and libtorrent by turns, so that both meet the same moods of the machine. */
async function compare(torrent) {
  const seeder = start(python, [join(here, 'libtorrent_peer.py'), 'seed', torrent, folder])
  const port = (await lineWith(seeder, 'READY ')).split(' ')[1]
  const rows = []
  try {
    // The first download pays for the seeder's page faults, whoever makes it.
    await measure('warm-up', [process.execPath, join(here, 'download.mjs')], torrent, port)
    for (let run = 0; run < runs; run++) {
      rows.push(
        await measure('ours', [process.execPath, join(here, 'download.mjs')], torrent, port),
      )
      const libtorrent = [python, join(here, 'libtorrent_peer.py'), 'download']
      rows.push(await measure('libtorrent', libtorrent, torrent, port))
    }
  } finally {
    seeder.child.stdin.end()
    seeder.child.kill()
  }
  return rows
}

async function measure(client, [program, ...args], torrent, port) {
  const out = join(folder, 'out')
  const peer = start(program, [...args, torrent, out, port, '0'])
  await lineWith(peer, 'START')
  const from = { seconds: performance.now() / 1000, cpu: cpuSeconds(peer.child.pid) }
  await lineWith(peer, 'DONE')
  const wall = performance.now() / 1000 - from.seconds
  const cpu = cpuSeconds(peer.child.pid) - from.cpu
  const status = readFileSync(`/proc/${peer.child.pid}/status`, 'utf8')
  const own = Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024
  peer.child.stdin.end()
  await new Promise(resolve => peer.child.once('exit', resolve))
  const isRight =
    (await sha256Of(join(out, 'payload.bin'))) === (await sha256Of(join(folder, 'payload.bin')))
  rmSync(out, { recursive: true, force: true })
  rmSync(`${out}.state`, { recursive: true, force: true })
  return {
    client,
    MB_s: (mebibytes * 2 ** 20) / 1e6 / wall,
    cpu_s_per_GiB: cpu / (mebibytes / 1024),
    anon_mib: own,
    sha256_ok: isRight,
  }
}

function start(program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
}

async function lineWith(peer, word) {
  for (;;) {
    const { value, done } = await peer.lines.next()
    if (done || value.startsWith('ERROR')) throw new Error(value ?? `${word} never came`)
    if (value.startsWith(word)) return value
  }
}

function cpuSeconds(processId) {
  const fields = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / clockTicks
}

async function sha256Of(path) {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(bytes)
  return hash.digest('hex')
}

function print(rows) {
  const median = values => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
  console.log(
    `${mebibytes} MiB, ${runs} runs each, ${availableParallelism()} cores, Node ${process.version}`,
  )
  console.log('| client | MB/s | CPU-s per GiB | own memory (MiB) | right |')
  console.log('| --- | --- | --- | --- | --- |')
  for (const client of new Set(rows.map(row => row.client))) {
    const of = rows.filter(row => row.client === client)
    const [speed, cpu, own] = ['MB_s', 'cpu_s_per_GiB', 'anon_mib'].map(key =>
      median(of.map(row => row[key])),
    )
    const isRight = of.every(row => row.sha256_ok)
    console.log(
      `| ${client} | ${speed.toFixed(0)} | ${cpu.toFixed(2)} | ${own.toFixed(0)} | ${isRight} |`,
    )
  }
}
