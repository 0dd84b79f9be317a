// Kills a real download again and again and counts, by the log of the real seeder, what it had to send twice.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { SeededLuck } from '../../sim/random.ts'
import { Command } from './command.ts'
import { LibtorrentSeeder, type SeederOptions } from './libtorrent-seeder.ts'
import { sha256Of } from './peers/make-torrent.ts'

/** A piece that was whole at the seeder's end for so long is verified and on the disk: it may not come again. */
const SETTLED_MS = 1500

export interface KillOptions {
  /** An empty folder for everything. */
  readonly directory: string
  readonly seed: number
  readonly kills: number
  /** Of a moment, counted from when the command is ready; drawn evenly. */
  readonly momentMaxMs: number
  readonly totalBytes: number
  readonly bytesPerSecond: number
  /** One download after the other takes the next of these. */
  readonly kinds: readonly Pick<SeederOptions, 'kind' | 'pieceBytes'>[]
}

/** What one kill cost. */
export interface Kill {
  /** Payload that the seeder sent before it and once more after it. */
  readonly bytesAgain: number
  readonly piecesAgain: number
  /** Those of them that were sent whole before it, `SETTLED_MS` before it at the latest: none. */
  readonly settledPiecesAgain: number
}

export interface KilledDownload {
  readonly kind: string
  readonly kills: readonly Kill[]
  /** Payload of which the seeder says that it left, and what there is: the difference was sent twice. */
  readonly sentBytes: number
  readonly totalBytes: number
}

/** Downloads until there were so many kills. @throws Error where a result is wrong or a run fails by itself. */
export async function killOften(options: KillOptions): Promise<KilledDownload[]> {
  const luck = new SeededLuck(options.seed)
  const downloads: KilledDownload[] = []
  let left = options.kills
  while (left > 0) {
    const download = await killedDownload(options, downloads.length, luck, left)
    left -= download.kills.length
    downloads.push(download)
  }
  return downloads
}

async function killedDownload(
  options: KillOptions,
  index: number,
  luck: SeededLuck,
  killsMax: number,
): Promise<KilledDownload> {
  const { totalBytes, bytesPerSecond, kinds, momentMaxMs } = options
  const home = await mkdtemp(path.join(options.directory, 'download-'))
  const files = await makeFolder(path.join(home, 'Film'), totalBytes)
  const torrent = path.join(home, 'film.torrent')
  const place = { source: path.join(home, 'Film'), torrent, address: '127.0.83.1' }
  const kind = kinds[index % kinds.length]!
  const seeding = { ...place, ...kind, bytesPerSecond, isLogged: true }
  await using seeder = await LibtorrentSeeder.open(seeding)
  const words = [torrent, '--peer', seeder.address, '--no-dht', '--http', '0', '--json', '--exit']
  const killedAtMs: number[] = []
  for (;;) {
    await using command = new Command({ words, home })
    await command.line('listening')
    const moment = pause(luck.below(momentMaxMs), 'kill')
    const isLast = killedAtMs.length === killsMax
    if (isLast || (await Promise.race([moment, command.end()])) !== 'kill') {
      const code = await command.end()
      if (code !== 0) throw new Error(`ended with ${code}: ${command.errors}`)
      break
    }
    killedAtMs.push(performance.now())
    command.process.kill('SIGKILL')
    await command.end()
  }
  for (const [file, digest] of files) {
    const stored = sha256Of(await readFile(path.join(home, 'store', 'Film', file)))
    if (stored !== digest) throw new Error(`${file} is wrong`)
  }
  const sentBytes = Number(seeder.told.findLast(line => 'sent' in line)?.sent)
  const kills = costs(seeder, killedAtMs, Math.ceil((kind.pieceBytes ?? 0) / 16_384))
  return { kind: `${kind.kind} ${kind.pieceBytes}`, kills, sentBytes, totalBytes }
}

/** A folder of three files, one of them small. @returns SHA-256 by name */
async function makeFolder(folder: string, totalBytes: number): Promise<Map<string, string>> {
  await mkdir(folder)
  const digests = new Map<string, string>()
  const third = Math.floor(totalBytes / 3)
  for (const [name, size] of [
    ['a.mkv', third],
    ['b.txt', 1001],
    ['c.mkv', totalBytes - third - 1001],
  ] as const) {
    const bytes = randomBytes(size)
    await writeFile(path.join(folder, name), bytes)
    digests.set(name, sha256Of(bytes))
  }
  return digests
}

/** What of one piece was sent between two kills: what is not whole at a kill is lost with the process. */
interface SentPiece {
  /** How many kills came before it was sent. */
  readonly run: number
  /** Where its blocks begin, and how large they are. */
  readonly blocks: Map<number, number>
  wholeAtMs: number
}

/** By the seeder's log: which blocks were sent before each kill and once more after it. */
function costs(
  { told, toldAtMs }: LibtorrentSeeder,
  killedAtMs: readonly number[],
  blocksPerPiece: number,
): Kill[] {
  const kills = killedAtMs.map(() => ({ bytes: 0, pieces: new Set<number>(), settled: 0 }))
  const sent = new Map<number, SentPiece[]>()
  let run = 0
  for (const [index, { said, connected, detail }] of told.entries()) {
    const atMs = toldAtMs[index]!
    if (connected !== undefined) run = killedAtMs.filter(killed => killed < atMs).length
    if (said !== 'PIECE') continue
    const { piece, begin, size } = readBlock(String(detail))
    const times = sent.get(piece) ?? []
    sent.set(piece, times)
    if (times.at(-1)?.run !== run)
      times.push({ run, blocks: new Map(), wholeAtMs: Number.POSITIVE_INFINITY })
    const now = times.at(-1)!
    const before = times.findLast(time => time.run < run && time.blocks.has(begin))
    now.blocks.set(begin, size)
    if (now.blocks.size === blocksPerPiece) now.wholeAtMs = Math.min(now.wholeAtMs, atMs)
    if (before === undefined) continue
    const kill = kills[before.run]!
    kill.bytes += size
    if (!kill.pieces.has(piece) && before.wholeAtMs + SETTLED_MS < killedAtMs[before.run]!)
      kill.settled++
    kill.pieces.add(piece)
  }
  return kills.map(({ bytes, pieces, settled }) => ({
    bytesAgain: bytes,
    piecesAgain: pieces.size,
    settledPiecesAgain: settled,
  }))
}

/** libtorrent writes the piece in decimal and the rest in hexadecimal. */
function readBlock(detail: string): { piece: number; begin: number; size: number } {
  const found = /^piece: (\d+) s: ([0-9a-f]+) l: ([0-9a-f]+)/.exec(detail)
  if (found === null) throw new Error(`no block: ${detail}`)
  const [, piece = '', begin = '', size = ''] = found
  return {
    piece: Number(piece),
    begin: Number.parseInt(begin, 16),
    size: Number.parseInt(size, 16),
  }
}
