// The ring on disk. A file is whole or it is not used: every block carries a checksum, the last one says
// that it is the last, and a new file takes the place of the old one only when it is safely written.
import { closeSync, openSync, readSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import {
  type BootstrapServer,
  type Restored,
  snapshotRowSize,
} from '../../core/services/bootstrap/index.ts'

const NAME = 'bootstrap.nodes'
/** Says what the file is, and in which layout. */
const MAGIC = new TextEncoder().encode('torrent-live bootstrap nodes 1\n\n')
/** When the file was written, as milliseconds of the wall clock. */
const HEAD_SIZE = MAGIC.length + 8
/** Size of an IP (0 in the last block), three bytes of nothing, rows, checksum of the rows. */
const BLOCK_HEAD_SIZE = 12
/** Rows of one block: what is copied at one go while the server serves, under a millisecond. */
const BLOCK_ROWS = 8192

export const snapshotPath = (directory: string): string => path.join(directory, NAME)

/** Writes all nodes; the server goes on serving between blocks. */
export async function writeSnapshot(server: BootstrapServer, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  const target = snapshotPath(directory)
  const draft = `${target}.${process.pid}.new`
  const file = await open(draft, 'w', 0o600)
  try {
    const head = new Uint8Array(HEAD_SIZE)
    head.set(MAGIC)
    new DataView(head.buffer).setFloat64(MAGIC.length, Date.now())
    await file.write(head)
    for (const ipSize of [4, 16] as const) {
      for (let from = 0; from < server.ring(ipSize).count; from += BLOCK_ROWS) {
        const rows = server.save(performance.now(), ipSize, from, BLOCK_ROWS)
        await file.write(blockHead(ipSize, rows))
        await file.write(rows)
      }
    }
    await file.write(blockHead(0, new Uint8Array(0)))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, target)
}

/** Takes away what others have written there: it has been read, and is in a snapshot of ours by now. */
export async function removeSnapshots(directories: readonly string[]): Promise<void> {
  for (const directory of directories) await rm(snapshotPath(directory), { force: true })
}

function blockHead(ipSize: number, rows: Uint8Array): Uint8Array {
  const head = new Uint8Array(BLOCK_HEAD_SIZE)
  const view = new DataView(head.buffer)
  head[0] = ipSize
  view.setUint32(4, ipSize === 0 ? 0 : rows.length / snapshotRowSize(ipSize as 4 | 16))
  view.setUint32(8, crc32(rows))
  return head
}

export interface ReadSnapshots {
  /** What was read; `undefined` where there was no file. */
  readonly restored: Restored | undefined
  /** For each file that was not, why, in one sentence. */
  readonly refused: readonly string[]
}

type Restorers = { readonly [IpSize in 4 | 16]: ReturnType<BootstrapServer['restore']> }

/** Reads the nodes of earlier runs into an empty server. Read at one go: nothing can be served before. */
export function readSnapshots(
  server: BootstrapServer,
  directories: readonly string[],
): ReadSnapshots {
  const nowMs = performance.now()
  const restorers = { 4: server.restore(nowMs, 4), 16: server.restore(nowMs, 16) }
  const outcomes = directories.map(directory => readSnapshot(restorers, snapshotPath(directory)))
  const [ip4, ip6] = [restorers[4].finish(), restorers[16].finish()]
  server.step(nowMs, { kind: 'wake' })
  const restored = {
    fresh: ip4.fresh + ip6.fresh,
    stale: ip4.stale + ip6.stale,
    refused: ip4.refused + ip6.refused,
  }
  return {
    restored: outcomes.includes(true) ? restored : undefined,
    refused: outcomes.filter(outcome => typeof outcome === 'string'),
  }
}

/** Whether the file was there and read, or why it cannot be. */
function readSnapshot(restorers: Restorers, name: string): boolean | string {
  let file: number
  try {
    file = openSync(name, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    return `The snapshot ${name} cannot be read (${(error as Error).message}): starting empty.`
  }
  try {
    const savedAtMs = readHead(file)
    if (savedAtMs === undefined) return `${name} is no snapshot of this program: starting empty.`
    const rows = { 4: 0, 16: 0 }
    const isWhole = readBlocks(file, (ipSize, { length }) => {
      rows[ipSize] += length / snapshotRowSize(ipSize)
    })
    if (!isWhole) {
      return `The snapshot ${name} is damaged or incomplete: starting empty.`
    }
    const elapsedSeconds = Math.ceil((Date.now() - savedAtMs) / 1000)
    // A clock that went back cannot say how old the nodes are: all of them must answer first.
    const seconds = elapsedSeconds < 0 ? Number.POSITIVE_INFINITY : elapsedSeconds
    for (const ipSize of [4, 16] as const) restorers[ipSize].reserve(rows[ipSize])
    return readBlocks(file, (ipSize, block) => restorers[ipSize].add(block, seconds))
  } finally {
    closeSync(file)
  }
}

function readHead(file: number): number | undefined {
  const head = new Uint8Array(HEAD_SIZE)
  if (readSync(file, head, 0, HEAD_SIZE, 0) !== HEAD_SIZE) return undefined
  if (MAGIC.some((byte, index) => head[index] !== byte)) return undefined
  return new DataView(head.buffer).getFloat64(MAGIC.length)
}

/** Reads block after block; false where the file is not whole. */
function readBlocks(file: number, take: (ipSize: 4 | 16, rows: Uint8Array) => void): boolean {
  const head = new Uint8Array(BLOCK_HEAD_SIZE)
  const view = new DataView(head.buffer)
  const memory = new Uint8Array(BLOCK_ROWS * snapshotRowSize(16))
  for (let at = HEAD_SIZE; ; ) {
    if (readSync(file, head, 0, BLOCK_HEAD_SIZE, at) !== BLOCK_HEAD_SIZE) return false
    at += BLOCK_HEAD_SIZE
    const ipSize = head[0]
    const count = view.getUint32(4)
    if (ipSize === 0) return count === 0 && view.getUint32(8) === 0
    if ((ipSize !== 4 && ipSize !== 16) || count > BLOCK_ROWS) return false
    const rows = memory.subarray(0, count * snapshotRowSize(ipSize))
    if (readSync(file, rows, 0, rows.length, at) !== rows.length) return false
    if (crc32(rows) !== view.getUint32(8)) return false
    take(ipSize, rows)
    at += rows.length
  }
}
