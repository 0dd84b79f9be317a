// The files below one directory, as the verbs `disk-read` and `disk-write` want them. Few stay open. Reads
// and writes happen on the loop's own thread while the system is quick (the page cache is), and on a
// thread of the pool as long as it is not.
import fs from 'node:fs'
import { mkdir, open, rmdir, unlink } from 'node:fs/promises'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { promisify } from 'node:util'
import type { DiskRead, DiskWrite, WorldInput } from '../core/world/index.ts'
import { diskFailureOf } from './failures.ts'
import { Pace } from './pace.ts'

/** Files open at once: far below the 256 that macOS gives a process. */
export const OPEN_FILES_MAX = 64

/** What the loop's own thread reads at once, at most; bigger reads are not urgent. */
const QUICK_READ_LIMIT_BYTES = 1024 * 1024

const readInto = promisify(fs.read)
const writeFrom = promisify(fs.write)
const cut = promisify(fs.ftruncate)
const syncData = promisify(fs.fdatasync)
const closeFile = promisify(fs.close)

interface OpenFile {
  readonly descriptor: number
  /** Requests that use it now: it is not closed under them. */
  users: number
  isDoomed: boolean
}

export class Disk {
  readonly #root: string
  readonly #onInput: (input: WorldInput) => void
  /** Least recently used first. */
  readonly #open = new Map<string, OpenFile>()
  readonly #opening = new Map<string, Promise<OpenFile>>()
  /** Paths that exist or did in this run: if one of them is missing, somebody took it away. */
  readonly #known = new Set<string>()
  /** Files whose names are not yet safe in their folders. */
  readonly #unnamed = new Set<string>()
  readonly #running = new Set<Promise<void>>()
  readonly #readPace = new Pace()
  readonly #writePace = new Pace()
  #isClosed = false

  /** @param root made when the first file is. */
  constructor(root: string, onInput: (input: WorldInput) => void) {
    this.#root = path.resolve(root)
    this.#onInput = onInput
  }

  read(effect: DiskRead): void {
    if (this.#readAtOnce(effect)) return
    this.#run(effect, async () => {
      const bytes = roomFor(effect.size)
      const size = await this.#using(effect.path, false, file =>
        timed(this.#readPace, readAll(file, bytes, effect.position)),
      )
      return { kind: 'disk-read-done', request: effect.request, bytes: bytes.subarray(0, size) }
    })
  }

  write(effect: DiskWrite): void {
    if (this.#writeAtOnce(effect)) return
    const { request, position, bytes, isDurable } = effect
    this.#run(effect, async () => {
      if (bytes === null) await this.#delete(effect.path)
      else {
        // At the start of a file, and to set its size, a lost one is made anew; elsewhere that left a hole.
        const mayMake = position === 0 || !this.#known.has(effect.path)
        await this.#using(effect.path, mayMake, async file => {
          if (bytes.length === 0) await cut(file, position)
          else await timed(this.#writePace, writeAll(file, bytes, position))
          if (isDurable) await syncData(file)
        })
        if (isDurable) await this.#syncName(effect.path)
      }
      return { kind: 'disk-written', request }
    })
  }

  /** Waits for what is being done and closes every file. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#running)
    const files = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(files.map(file => closeFile(file.descriptor)))
  }

  /** @returns whether the bytes were read and answered here. */
  #readAtOnce(effect: DiskRead): boolean {
    const { path: name, position, request } = effect
    const descriptor = this.#descriptorFor(name, this.#readPace)
    if (descriptor === undefined || effect.size > QUICK_READ_LIMIT_BYTES) return false
    const bytes = roomFor(effect.size)
    let size = 0
    try {
      this.#readPace.measure(() => {
        for (let more = 1; more > 0 && size < bytes.length; size += more) {
          more = fs.readSync(descriptor, bytes, size, bytes.length - size, position + size)
        }
      })
    } catch (error) {
      this.#fail(effect, error)
      return true
    }
    this.#onInput({ kind: 'disk-read-done', request, bytes: bytes.subarray(0, size) })
    return true
  }

  /** @returns whether the write was made and answered here. */
  #writeAtOnce(effect: DiskWrite): boolean {
    const { bytes, position, request, isDurable } = effect
    if (bytes === null || bytes.length === 0 || isDurable) return false
    const descriptor = this.#descriptorFor(effect.path, this.#writePace)
    if (descriptor === undefined) return false
    try {
      this.#writePace.measure(() => {
        for (let done = 0; done < bytes.length; ) {
          done += fs.writeSync(descriptor, bytes, done, bytes.length - done, position + done)
        }
      })
    } catch (error) {
      this.#fail(effect, error)
      return true
    }
    this.#onInput({ kind: 'disk-written', request })
    return true
  }

  /** The open file, where the loop's own thread may use it now. */
  #descriptorFor(name: string, pace: Pace): number | undefined {
    const file = this.#open.get(name)
    if (file === undefined || this.#isClosed || !pace.isQuick(performance.now())) return undefined
    this.#open.delete(name)
    this.#open.set(name, file)
    return file.descriptor
  }

  #run(effect: DiskRead | DiskWrite, work: () => Promise<WorldInput>): void {
    if (this.#isClosed) return
    const done = work().then(
      answer => this.#onInput(answer),
      error => this.#fail(effect, error),
    )
    this.#running.add(done)
    void done.finally(() => this.#running.delete(done))
  }

  #fail(effect: DiskRead | DiskWrite, error: unknown): void {
    const failure = error as NodeJS.ErrnoException
    const reason = diskFailureOf(failure)
    const message = `${effect.path}: ${failure.message}`
    this.#onInput({ kind: 'disk-failed', request: effect.request, reason, message })
  }

  /** Runs `work` on the open file, which stays open meanwhile. */
  async #using<Result>(
    name: string,
    mayMake: boolean,
    work: (descriptor: number) => Promise<Result>,
  ): Promise<Result> {
    const file = this.#open.get(name) ?? (await this.#openFile(name, mayMake))
    file.users++
    this.#open.delete(name)
    this.#open.set(name, file)
    try {
      return await work(file.descriptor)
    } finally {
      file.users--
      if (file.isDoomed && file.users === 0) await closeFile(file.descriptor)
      else await this.#closeSome()
    }
  }

  /** Two requests that open the same file share it. */
  async #openFile(name: string, mayMake: boolean): Promise<OpenFile> {
    const running = this.#opening.get(name)
    // The other one may only have wanted to read what is not there.
    if (running !== undefined) return running.catch(() => this.#openFile(name, mayMake))
    const opening = this.#openNew(name, mayMake)
    this.#opening.set(name, opening)
    try {
      return await opening
    } finally {
      this.#opening.delete(name)
    }
  }

  async #openNew(name: string, mayMake: boolean): Promise<OpenFile> {
    const file = this.#pathOf(name)
    const descriptor = await (mayMake ? openOrMake(file) : openOld(file))
    // It may be new: whether it is would cost every small file one more question.
    if (mayMake && !this.#known.has(name)) this.#unnamed.add(name)
    this.#known.add(name)
    const opened = { descriptor, users: 0, isDoomed: false }
    this.#open.set(name, opened)
    return opened
  }

  async #closeSome(): Promise<void> {
    for (const [name, file] of this.#open) {
      if (this.#open.size <= OPEN_FILES_MAX) return
      if (file.users > 0) continue
      this.#open.delete(name)
      await closeFile(file.descriptor)
    }
  }

  /** Deletes the file, and its folders as far as they are empty then. */
  async #delete(name: string): Promise<void> {
    const open = this.#open.get(name)
    this.#open.delete(name)
    this.#known.delete(name)
    this.#unnamed.delete(name)
    if (open !== undefined) {
      open.isDoomed = true
      if (open.users === 0) await closeFile(open.descriptor)
    }
    await unlink(this.#pathOf(name)).catch(error => {
      if (error.code !== 'ENOENT') throw error
    })
    let folder = path.dirname(name)
    while (folder !== '.' && (await isRemoved(this.#pathOf(folder)))) folder = path.dirname(folder)
  }

  /** A file that was made is safe only when its folder, and every new one above it, is. */
  async #syncName(name: string): Promise<void> {
    if (process.platform === 'win32' || !this.#unnamed.delete(name)) return
    let folder = this.#pathOf(name)
    do {
      folder = path.dirname(folder)
      const handle = await open(folder, 'r')
      await handle.sync().finally(() => handle.close())
    } while (folder !== this.#root && folder !== path.dirname(folder))
  }

  #pathOf(name: string): string {
    return path.join(this.#root, ...name.split('/'))
  }
}

async function timed<Result>(pace: Pace, work: Promise<Result>): Promise<Result> {
  const beginMs = performance.now()
  const result = await work
  pace.note(beginMs, performance.now())
  return result
}

/** Memory that is about to be read into: not zeroed, and no Buffer, whose `slice` would not copy. */
function roomFor(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
}

/** Open for writing where that is allowed, for reading where it is not. */
async function openOld(file: string): Promise<number> {
  try {
    return await openDescriptor(file, fs.constants.O_RDWR)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error
    return openDescriptor(file, fs.constants.O_RDONLY)
  }
}

async function openOrMake(file: string): Promise<number> {
  const flags = fs.constants.O_RDWR | fs.constants.O_CREAT
  try {
    return await openDescriptor(file, flags)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(path.dirname(file), { recursive: true })
    return openDescriptor(file, flags)
  }
}

const openDescriptor = promisify(fs.open) as (file: string, flags: number) => Promise<number>

/** @returns how many bytes there were, fewer than `into` takes where the file ends early. */
async function readAll(file: number, into: Uint8Array, position: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const { bytesRead } = await readInto(file, into, done, into.length - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}

async function writeAll(file: number, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await writeFrom(
      file,
      bytes,
      done,
      bytes.length - done,
      position + done,
    )
    done += bytesWritten
  }
}

async function isRemoved(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch {
    // Not empty, or in use: then it stays, and so do those above it.
    return false
  }
}
