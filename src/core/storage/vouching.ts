// Which pieces the resume record may vouch for: every few seconds the files that have grown are synced,
// and only then does the record name the pieces in them.
import { BitField } from '../bytes/index.ts'
import type { Millis, Save } from '../world/index.ts'
import type { DiskQueue } from './disk-queue.ts'
import type { Ledger } from './ledger.ts'
import { encodeResume } from './resume.ts'

/** Between two syncs; a kill costs the hashing of what was written since, a power loss its download. */
export const VOUCH_INTERVAL_MS = 5000
/** A slow disk is left alone for this many times as long as its last sync took. */
export const VOUCH_REST_FACTOR = 4

/** Files synced at once while pieces come in: a torrent of thousands must not keep the disk from them. */
export const SYNCS_MAX = 1
/** Files synced at once when nothing else waits for the disk. */
export const HURRIED_SYNCS_MAX = 8

/** A byte of a file that is written once more. */
interface DirtyEnd {
  readonly path: string
  readonly position: number
  readonly bytes: Uint8Array
}

const NOTHING: readonly Save[] = []

export class Vouching {
  readonly #ledger: Ledger
  readonly #disk: DiskQueue
  readonly #name: string
  readonly #vouched: BitField
  readonly #ours: BitField
  /** A file was claimed since the record was saved. */
  #hasClaimed = false
  readonly #dirty = new Set<number>()
  /** The last byte of each dirty file. */
  readonly #lastBytes: Uint8Array
  /** A piece in a slot that is not synced. */
  #dirtySlot: number | undefined
  #saves: Save[] = []
  #hasBegun = false
  #syncsMax = SYNCS_MAX
  #startedMs: Millis | undefined
  #nextAtMs: Millis = Number.POSITIVE_INFINITY

  /** @param ours files that the earlier record names ours; the store's from here on. */
  constructor(ledger: Ledger, disk: DiskQueue, id: string, ours: BitField) {
    this.#ledger = ledger
    this.#disk = disk
    this.#name = `resume/${id}`
    this.#vouched = new BitField(ledger.layout.pieceCount)
    this.#ours = ours
    this.#lastBytes = new Uint8Array(ledger.layout.files.length)
  }

  get wakeAtMs(): Millis {
    return this.#startedMs === undefined ? this.#nextAtMs : Number.POSITIVE_INFINITY
  }

  drain(): readonly Save[] {
    // Together for all files that began at once, and before their first writes, which are drained later.
    if (this.#hasClaimed) this.#save()
    if (this.#saves.length === 0) return NOTHING
    const saves = this.#saves
    this.#saves = []
    return saves
  }

  isOurs(file: number): boolean {
    return this.#ours.has(file)
  }

  /**
   * The file is ours: it is about to be written to, or a right piece was found in it. An empty file is
   * never claimed: bytes that are in it some day are the user's.
   */
  claim(file: number): void {
    if (this.#ledger.layout.file(file).size > 0 && this.#ours.add(file)) this.#hasClaimed = true
  }

  /** A file has grown, up to and with `lastByte`. */
  wrote(file: number, lastByte: number): void {
    this.#dirty.add(file)
    this.#lastBytes[file] = lastByte
  }

  wroteSlot(piece: number): void {
    this.#dirtySlot = piece
  }

  /**
   * `pieces` are those of the earlier record whose files are as long as they should be. Before this is
   * known nothing is saved, or a quick end would throw the record away.
   */
  begin(pieces: readonly number[]): void {
    for (const piece of pieces) this.#vouched.add(piece)
    this.#hasBegun = true
  }

  distrust(piece: number): void {
    this.#vouched.remove(piece)
  }

  step(nowMs: Millis): void {
    if (!this.#hasBegun || this.#startedMs !== undefined) return
    if (this.#hasNews && this.#nextAtMs === Number.POSITIVE_INFINITY) {
      this.#nextAtMs = nowMs + VOUCH_INTERVAL_MS
    }
    if (nowMs >= this.#nextAtMs) this.#sync(nowMs)
  }

  /** Whether everything on disk is synced, and vouched for where it can be. */
  get isClean(): boolean {
    return !this.#hasBegun || (this.#startedMs === undefined && !this.#hasNews)
  }

  /** Nothing else waits for the disk until the next sync is over. */
  hurry(): void {
    this.#syncsMax = HURRIED_SYNCS_MAX
  }

  /** Syncs at once, unless a sync is on its way. */
  now(nowMs: Millis): void {
    this.hurry()
    if (this.#startedMs === undefined) this.#sync(nowMs)
  }

  get #hasNews(): boolean {
    const { hasSettled, slots } = this.#ledger
    return hasSettled || slots.hasLeft || this.#dirty.size > 0 || this.#dirtySlot !== undefined
  }

  /** Syncs what is dirty; the pieces that settled before it are vouched for after it. */
  #sync(nowMs: Millis): void {
    this.#startedMs = nowMs
    this.#nextAtMs = Number.POSITIVE_INFINITY
    const pieces = this.#ledger.takeSettled()
    const left = this.#ledger.slots.takeLeft()
    const ends = this.#dirtyEnds()
    let running = 1
    const synced = (atMs: Millis) => {
      running--
      while (running < this.#syncsMax && ends.length > 0) {
        running++
        const end = ends.pop() as DirtyEnd
        this.#disk.write({ ...end, isDurable: true, done: synced })
      }
      if (running > 0) return
      this.#ledger.slots.freeLeft(left)
      for (const piece of pieces) if (this.#ledger.isSettled(piece)) this.#vouched.add(piece)
      this.#save()
      this.#finish(atMs)
    }
    synced(nowMs)
  }

  /**
   * Writes that change nothing and make what they touch durable: the last byte of each dirty file once
   * more. Setting the size would be simpler, and would cut off an append that is on its way.
   */
  #dirtyEnds(): DirtyEnd[] {
    const { layout, slots } = this.#ledger
    const ends: DirtyEnd[] = [...this.#dirty]
      .filter(file => this.#ledger.grown(file) > 0)
      .map(file => ({
        path: layout.file(file).path,
        position: this.#ledger.grown(file) - 1,
        bytes: this.#lastBytes.slice(file, file + 1),
      }))
    this.#dirty.clear()
    const slot = this.#dirtySlot
    this.#dirtySlot = undefined
    if (slot !== undefined && slots.has(slot)) ends.push({ path: slots.path, ...slots.entry(slot) })
    return ends
  }

  #finish(nowMs: Millis): void {
    const tookMs = nowMs - (this.#startedMs as Millis)
    this.#startedMs = undefined
    this.#syncsMax = SYNCS_MAX
    const restMs = Math.max(VOUCH_INTERVAL_MS, tookMs * VOUCH_REST_FACTOR)
    if (this.#hasNews) this.#nextAtMs = nowMs + restMs
  }

  /** Keeps the record as it is now. */
  #save(): void {
    this.#hasClaimed = false
    this.#saves.push({
      kind: 'save',
      name: this.#name,
      bytes: encodeResume(this.#ledger.layout, { vouched: this.#vouched, ours: this.#ours }),
    })
  }

  forget(): void {
    this.#nextAtMs = Number.POSITIVE_INFINITY
    this.#hasClaimed = false
    this.#saves = [{ kind: 'save', name: this.#name, bytes: null }]
  }
}
