// A disk in memory that can be slow, full, gone, or torn by a power loss: the same verbs as Node's disk,
// which passes the same compliance suite (sim/disk.test.ts), so a store that holds here holds there.
import { assert } from '../src/core/bytes/index.ts'
import type {
  DiskFailure,
  DiskRead,
  DiskWrite,
  Millis,
  WorldInput,
} from '../src/core/world/index.ts'
import type { SeededLuck } from './random.ts'

export interface SimDiskOptions {
  /** Of each request, half to one and a half times; so answers overtake one another. Default 0.1. */
  readonly latencyMs?: number
  /** Default infinite. */
  readonly bytesPerSecond?: number
  /** Of all files together. Default infinite. */
  readonly capacityBytes?: number
}

/** What a torn write keeps or loses as a whole: a page of the cache. */
const PAGE_BYTES = 4096
const RETRY_NEVER: WorldInput = { kind: 'wake' }

/** One write that no fsync has covered. */
interface Unsynced {
  readonly position: number
  readonly bytes: Uint8Array
  /** A size to be set instead of bytes to be written. */
  readonly isCut: boolean
}

class SimFile {
  /** What a power loss certainly keeps. */
  synced: Uint8Array = new Uint8Array(0)
  unsynced: Unsynced[] = []
  #room = new Uint8Array(0)
  #size = 0

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#size)
  }

  get size(): number {
    return this.#size
  }

  write(position: number, bytes: Uint8Array): void {
    this.#resize(Math.max(this.#size, position + bytes.length))
    this.#room.set(bytes, position)
    this.unsynced.push({ position, bytes: bytes.slice(), isCut: false })
  }

  cut(size: number): void {
    this.#resize(size)
    this.unsynced.push({ position: size, bytes: new Uint8Array(0), isCut: true })
  }

  sync(): void {
    this.synced = this.bytes.slice()
    this.unsynced = []
  }

  /** After a power loss: every page that no fsync covered is there, or is not. */
  tear(luck: SeededLuck): void {
    const unsynced = this.unsynced
    this.restore(this.synced)
    for (const { position, bytes, isCut } of unsynced) {
      if (isCut) {
        if (luck.chance(0.5)) this.#resize(position)
        continue
      }
      // The size reaches the disk apart from the bytes: a hole of zeros may be all that is left of them.
      if (luck.chance(0.5)) this.#resize(Math.max(this.#size, position + bytes.length))
      for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
        const page = bytes.subarray(at, at + PAGE_BYTES)
        if (!luck.chance(0.5)) continue
        this.#resize(Math.max(this.#size, position + at + page.length))
        this.#room.set(page, position + at)
      }
    }
    this.sync()
  }

  restore(bytes: Uint8Array): void {
    this.#size = 0
    this.#room = new Uint8Array(0)
    this.#resize(bytes.length)
    this.#room.set(bytes)
    this.unsynced = []
  }

  #resize(size: number): void {
    if (size > this.#room.length) {
      const room = new Uint8Array(Math.max(size, 2 * this.#room.length))
      room.set(this.bytes)
      this.#room = room
    }
    if (size < this.#size) this.#room.fill(0, size, this.#size)
    this.#size = size
  }
}

export class SimDisk {
  /** Every request fails while it is set, as on a disk that was pulled out (`lost`) or is read-only. */
  failure: DiskFailure | undefined
  capacityBytes: number
  latencyMs: number
  bytesPerSecond: number
  readonly #luck: SeededLuck
  readonly #files = new Map<string, SimFile>()
  /** Files that somebody took away: they are not made anew in the middle, as on Node's disk. */
  readonly #taken = new Set<string>()
  /** Writes that have been asked for and not answered, with a copy of their bytes. */
  readonly #inFlight = new Map<DiskWrite, Uint8Array | undefined>()
  #busyUntilMs: Millis = 0
  #crashes = 0

  constructor(luck: SeededLuck, options: SimDiskOptions = {}) {
    this.#luck = luck
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
    this.latencyMs = options.latencyMs ?? 0.1
    this.bytesPerSecond = options.bytesPerSecond ?? Number.POSITIVE_INFINITY
  }

  /** What the files hold now, for checks; views, not copies. */
  get files(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#files].map(([path, file]) => [path, file.bytes]))
  }

  /** A view of one file; `undefined` where there is none. */
  file(path: string): Uint8Array | undefined {
    return this.#files.get(path)?.bytes
  }

  get usedBytes(): number {
    let used = 0
    for (const file of this.#files.values()) used += file.size
    return used
  }

  /** Puts a file there, as a user or another program would; `undefined` takes it away. */
  place(path: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) {
      if (this.#files.delete(path)) this.#taken.add(path)
      return
    }
    this.#taken.delete(path)
    const file = new SimFile()
    file.restore(bytes)
    file.sync()
    this.#files.set(path, file)
  }

  /** `answer` is to be called `afterMs` later; the effect happens then. */
  perform(
    effect: DiskRead | DiskWrite,
    nowMs: Millis,
  ): { afterMs: number; answer: () => WorldInput } {
    const bytes = effect.kind === 'disk-read' ? effect.size : (effect.bytes?.length ?? 0)
    this.#busyUntilMs = Math.max(this.#busyUntilMs, nowMs) + (1000 * bytes) / this.bytesPerSecond
    const atMs = this.#busyUntilMs + this.latencyMs * this.#luck.between(0.5, 1.5)
    if (effect.kind === 'disk-write') this.#inFlight.set(effect, effect.bytes?.slice())
    const crashes = this.#crashes
    // Whoever asked before a crash is not there to hear the answer.
    const answer = () => (crashes === this.#crashes ? this.#answer(effect) : RETRY_NEVER)
    return { afterMs: atMs - nowMs, answer }
  }

  /** kill -9: what was answered stays; a write on its way has happened, or not, or up to some byte. */
  kill(): void {
    for (const [effect, bytes] of this.#inFlight) {
      if (this.failure !== undefined || !this.#luck.chance(0.5)) continue
      if (bytes === undefined) this.#files.delete(effect.path)
      else if (bytes.length === 0) this.#fileAt(effect.path).cut(effect.position)
      else {
        const size = this.#luck.chance(0.5) ? bytes.length : this.#luck.below(bytes.length)
        this.#fileAt(effect.path).write(effect.position, bytes.subarray(0, size))
      }
    }
    this.#inFlight.clear()
    this.#crashes++
  }

  /** Power loss: of what no fsync covered, any page may be lost, in any order. */
  crash(): void {
    this.kill()
    for (const file of this.#files.values()) file.tear(this.#luck)
  }

  #answer(effect: DiskRead | DiskWrite): WorldInput {
    const failure = this.failure
    const before = effect.kind === 'disk-write' ? this.#inFlight.get(effect) : undefined
    if (effect.kind === 'disk-write') this.#inFlight.delete(effect)
    if (failure !== undefined) return failed(effect, failure)
    if (effect.kind === 'disk-write') return this.#write(effect, before)
    const file = this.#files.get(effect.path)
    if (file === undefined) return failed(effect, 'missing')
    const bytes = file.bytes.slice(effect.position, effect.position + effect.size)
    return { kind: 'disk-read-done', request: effect.request, bytes }
  }

  #write(effect: DiskWrite, before: Uint8Array | undefined): WorldInput {
    const { path, position, bytes, request, isDurable } = effect
    if (bytes === null) this.#files.delete(path)
    else {
      const isSame =
        before?.length === bytes.length && bytes.every((byte, at) => byte === before[at])
      assert(isSame, 'bytes were changed while the disk had them')
      if (position > 0 && this.#taken.has(path)) return failed(effect, 'missing')
      const file = this.#fileAt(path)
      const grows = Math.max(0, position + bytes.length - file.size)
      const isBounded = this.capacityBytes !== Number.POSITIVE_INFINITY
      const over = isBounded ? grows - Math.max(0, this.capacityBytes - this.usedBytes) : 0
      if (bytes.length > 0 && over > 0) {
        // As a real disk does: what fits is written, and then there is no more room.
        const kept = bytes.length - over
        if (kept > 0) file.write(position, bytes.subarray(0, kept))
        return failed(effect, 'full')
      }
      if (bytes.length === 0) file.cut(position)
      else file.write(position, bytes)
      if (isDurable) file.sync()
    }
    return { kind: 'disk-written', request }
  }

  #fileAt(path: string): SimFile {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const made = new SimFile()
    this.#taken.delete(path)
    this.#files.set(path, made)
    return made
  }
}

function failed(effect: DiskRead | DiskWrite, reason: DiskFailure): WorldInput {
  const message = `${effect.path}: ${reason}`
  return { kind: 'disk-failed', request: effect.request, reason, message }
}
