// The store of one torrent: verified pieces in, files that grow in order out, and after any end of the
// process all of them found again. A sub-machine of the swarm: methods in, effects and notices out.
import { BitField } from '../bytes/index.ts'
import type { Millis, RequestId, WorldInput } from '../world/index.ts'
import { Check, type FoundFiles } from './check.ts'
import { DiskQueue } from './disk-queue.ts'
import { Growth } from './growth.ts'
import { Keeping } from './keeping.ts'
import type { Layout } from './layout.ts'
import { Ledger } from './ledger.ts'
import { PRIVATE_FOLDER } from './names.ts'
import { Reader } from './reader.ts'
import { decodeResume } from './resume.ts'
import { Shelf } from './shelf.ts'
import { Vouching } from './vouching.ts'
import type { StoreEffect, StoreNotice, StoreOptions } from './words.ts'

const NOTHING: readonly StoreNotice[] = []

/** One torrent's store. Its owner reads `drain` and `notices` after every call. */
export class Store {
  readonly layout: Layout
  readonly #ledger: Ledger
  readonly #disk: DiskQueue
  readonly #growth: Growth
  readonly #vouching: Vouching
  readonly #keeping: Keeping
  readonly #shelf: Shelf
  readonly #reader: Reader
  readonly #check: Check
  #notices: StoreNotice[] = []
  #nowMs: Millis
  /** `found`: all that is right on disk is known, and the last of it is being moved where it belongs. */
  #phase: 'checking' | 'found' | 'open' | 'stopping' | 'removing' | 'over' = 'checking'
  /** Files to be cut, once what was beyond their right part is safe. */
  #oversized: readonly number[] = []
  /** Whether the user was told of a file in the way, and that nothing else is left to do. */
  #isWayTold = false
  #isEndTold = false
  /** Paths to be deleted. */
  #doomed: string[] = []

  constructor(nowMs: Millis, options: StoreOptions) {
    const { layout, id, resume, newRequest, limitBytes } = options
    const notify = (notice: StoreNotice) => void this.#notices.push(notice)
    this.#nowMs = nowMs
    this.layout = layout
    this.#disk = new DiskQueue(newRequest, notify)
    this.#ledger = new Ledger(layout, `${PRIVATE_FOLDER}/${id}`, notify)
    const found = resume === undefined ? undefined : decodeResume(layout, resume)
    const ours = found?.ours.copy() ?? new BitField(layout.files.length)
    this.#vouching = new Vouching(this.#ledger, this.#disk, id, ours)
    const onGone = (file: number) => this.#fileGone(file)
    this.#growth = new Growth(this.#ledger, this.#disk, this.#vouching, onGone)
    this.#keeping = new Keeping(this.#ledger, limitBytes, notify)
    this.#shelf = new Shelf({
      ledger: this.#ledger,
      disk: this.#disk,
      growth: this.#growth,
      vouching: this.#vouching,
      keeping: this.#keeping,
    })
    this.#reader = new Reader(this.#ledger, this.#disk, notify, onGone)
    this.#check = new Check(this.#ledger, this.#disk, found, {
      verify: (piece, bytes) => notify({ kind: 'check', piece, bytes }),
      keep: (piece, bytes) => this.#shelf.put(this.#nowMs, piece, bytes),
      found: (file, lastByte) => this.#vouching.wrote(file, lastByte),
      trusted: pieces => this.#vouching.begin(pieces),
      done: result => this.#found(result),
    })
    this.#check.start()
  }

  /** Pieces on disk, in their files or beside them: they survive the end of the process. */
  get stored(): BitField {
    return this.#ledger.stored
  }

  /** Whether peers should be asked for nothing new: memory is full, or the disk refuses. */
  get isFull(): boolean {
    return (
      this.#shelf.isFull || this.#disk.isStuck || this.#keeping.isExhausted || this.isAllInTheWay
    )
  }

  /** Whether the search for what is on disk goes on. */
  get isChecking(): boolean {
    return this.#phase === 'checking' || this.#phase === 'found'
  }

  get wakeAtMs(): Millis {
    return Math.min(this.#disk.wakeAtMs, this.#shelf.wakeAtMs, this.#vouching.wakeAtMs)
  }

  /** Whether the bytes of `piece` can be read. */
  has(piece: number): boolean {
    return this.#ledger.has(piece)
  }

  /** Whether `piece` would be kept; false only under a store limit that is too small for all. */
  accepts(piece: number): boolean {
    return this.#keeping.accepts(piece)
  }

  /** Whether a wanted file cannot be written, as somebody else's has its name: what is only in it is not to be fetched. */
  isInTheWay(file: number): boolean {
    return this.#growth.isInTheWay(file) && this.#ledger.wanted.has(file)
  }

  /** Whether nothing can be done any more: what is in the way is all that is missing of the wanted files. */
  get isAllInTheWay(): boolean {
    if (!this.#isWayTold) return false
    return this.layout.files.every(
      ({ size, isPadding }, file) =>
        isPadding ||
        !this.#ledger.wanted.has(file) ||
        this.isInTheWay(file) ||
        this.contiguousBytes(file) === size,
    )
  }

  /** Whether the store limit leaves no room: beyond it only what viewers wait for is worth fetching. */
  get isFullUp(): boolean {
    return this.#keeping.isFullUp
  }

  /** How far the file on disk is a correct prefix of the final one, in bytes. */
  contiguousBytes(file: number): number {
    return this.#ledger.grown(file)
  }

  /**
   * Takes the verified bytes of a piece that `has` denies.
   *
   * @param bytes all of the piece; the store's until notice `released`. Padding may be left out at its end.
   */
  put(nowMs: Millis, piece: number, bytes: Uint8Array): void {
    this.#nowMs = nowMs
    this.#shelf.put(nowMs, piece, bytes)
    this.#settle(nowMs)
  }

  /** Reads 1 to `size` bytes of a file; `begin` lies in it, in a piece that `has` affirms. */
  read(nowMs: Millis, request: RequestId, file: number, begin: number, size: number): void {
    this.#nowMs = nowMs
    this.#reader.read(request, file, begin, size)
  }

  /** Reads exactly `size` bytes of a piece that `has` affirms. They may be shared: never write to them. */
  readBlock(nowMs: Millis, request: RequestId, piece: number, begin: number, size: number): void {
    this.#nowMs = nowMs
    this.#reader.readBlock(request, piece, begin, size)
  }

  /** The read is not answered any more. */
  cancelRead(request: RequestId): void {
    this.#reader.cancel(request)
  }

  /** Answers notice `check`. */
  checked(nowMs: Millis, piece: number, isRight: boolean): void {
    this.#nowMs = nowMs
    if (this.#phase !== 'checking') return
    this.#check.checked(piece, isRight)
    this.#settle(nowMs)
  }

  /** Which files grow; all until this is said, unknown ones are none. What is not wanted is kept beside, if it comes. */
  select(nowMs: Millis, files: readonly number[]): void {
    this.#nowMs = nowMs
    const { wanted } = this.#ledger
    for (let file = 0; file < wanted.size; file++) wanted.remove(file)
    for (const file of files) if (this.layout.files[file] !== undefined) wanted.add(file)
    this.#keeping.select()
    if (this.#phase === 'open') {
      this.#tellOfTheWay()
      if (!this.#keeping.isPartial) this.#growth.open()
    }
    this.#settle(nowMs)
  }

  /** The pieces where viewers read now. */
  viewersAt(pieces: readonly number[]): void {
    this.#keeping.viewersAt(pieces)
  }

  /** @returns whether the input was for this store. */
  step(nowMs: Millis, input: WorldInput): boolean {
    this.#nowMs = nowMs
    const isOurs = this.#disk.step(nowMs, input)
    if (isOurs || input.kind === 'wake') {
      this.#shelf.step(nowMs)
      this.#settle(nowMs)
    }
    return isOurs
  }

  /** What the disk must do, oldest first. */
  drain(): readonly StoreEffect[] {
    const saves = this.#vouching.drain()
    // A record vouches for writes that have been answered, so it may go before those that follow it.
    return saves.length === 0 ? this.#disk.drain() : [...saves, ...this.#disk.drain()]
  }

  /** What the swarm should know, oldest first. */
  notices(): readonly StoreNotice[] {
    if (this.#notices.length === 0) return NOTHING
    const notices = this.#notices
    this.#notices = []
    return notices
  }

  /** Brings everything to disk and vouches for it; answered by `stopped`, at once where the disk refuses. */
  stop(nowMs: Millis): void {
    this.#nowMs = nowMs
    if (this.#phase === 'over') return
    this.#check.end()
    this.#phase = 'stopping'
    this.#vouching.hurry()
    this.#shelf.spillAll()
    this.#settle(nowMs)
  }

  /** Forgets the torrent, with its files where they are to go; answered by `removed`. */
  remove(nowMs: Millis, deleteFiles: boolean): void {
    this.#nowMs = nowMs
    if (this.#phase === 'over') return
    this.#check.end()
    this.#phase = 'removing'
    this.#growth.close()
    this.#vouching.forget()
    // Beside an incomplete torrent lie its slots, which are of no use without the record.
    this.#doomed = [this.#ledger.slots.path]
    for (const [index, file] of deleteFiles ? this.layout.files.entries() : []) {
      // Whatever else lies there by that name may be somebody else's.
      const isOurs = this.#growth.isOurs(index) || this.#ledger.grown(index) > 0
      if (!file.isPadding && isOurs) this.#doomed.push(file.path)
    }
    this.#settle(nowMs)
  }

  /** Deletes only when no write is on its way, which would make the file again. */
  #finishRemove(): void {
    if (this.#disk.isIdle) for (const path of this.#doomed.splice(0)) this.#delete(path)
    if (this.#disk.isIdle || this.#disk.isStuck) this.#over({ kind: 'removed' })
  }

  #delete(path: string): void {
    this.#disk.write({ path, position: 0, bytes: null })
  }

  /** What follows from whatever has just happened. */
  #settle(nowMs: Millis): void {
    if (this.#phase === 'found') this.#openWhenSafe(nowMs)
    const isWhole = this.#ledger.stored.isFull
    // A torrent that is whole needs no waiting room; before that an empty one may be filled again.
    const isOver = this.#phase === 'stopping' || (this.#phase === 'open' && isWhole)
    if (isOver && this.#ledger.slots.abandon()) {
      this.#delete(this.#ledger.slots.path)
    }
    if (this.#phase === 'removing') this.#finishRemove()
    else if (this.#phase === 'stopping') this.#finishStop(nowMs)
    else if (this.#phase !== 'over') this.#vouching.step(nowMs)
    if (this.#phase === 'open' && this.#isWayTold) this.#tellOfTheWay()
  }

  #found({ oversized, foreign }: FoundFiles): void {
    this.#phase = 'found'
    this.#oversized = oversized
    for (const file of foreign) this.#growth.leaveAlone(file)
    this.#openWhenSafe(this.#nowMs)
  }

  /**
   * Once when it is found, and once more when all the rest is done: then the torrent has come to its end.
   * Of files in the way that nobody wants the user need not hear.
   */
  #tellOfTheWay(): void {
    const file = this.layout.files.findIndex((_, index) => this.isInTheWay(index))
    const isEndNews = this.isAllInTheWay && !this.#isEndTold
    this.#isEndTold = this.isAllInTheWay
    if (this.#isWayTold === file >= 0 && !isEndNews) return
    this.#isWayTold = file >= 0
    this.#isEndTold = this.isAllInTheWay
    const problem = 'file-in-the-way'
    if (!this.#isWayTold) {
      this.#notices.push({ kind: 'solved', problem })
      return
    }
    const message = `${this.layout.file(file).path} is there already and is not from this torrent: move it away or choose another directory, then start again.`
    this.#notices.push({ kind: 'problem', problem, message })
  }

  /** Files are cut only when the right pieces found beyond the cut are in slots, and those are synced. */
  #openWhenSafe(nowMs: Millis): void {
    if (this.#oversized.length > 0) {
      this.#shelf.spillAll()
      for (const held of this.#ledger.held.values()) if (held.isSpilling) return
      if (!this.#vouching.isClean) this.#vouching.now(nowMs)
      if (!this.#vouching.isClean) return
    }
    this.#phase = 'open'
    this.#tellOfTheWay()
    this.#keeping.open()
    if (!this.#keeping.isPartial) this.#growth.open()
    for (const file of this.#oversized) this.#growth.cutToGrown(file)
    this.#notices.push({ kind: 'check-done' })
  }

  #finishStop(nowMs: Millis): void {
    if (this.#disk.isIdle && !this.#vouching.isClean) this.#vouching.now(nowMs)
    if (this.#disk.isIdle || this.#disk.isStuck) this.#over({ kind: 'stopped' })
  }

  #over(notice: StoreNotice): void {
    this.#phase = 'over'
    this.#notices.push(notice)
  }

  /** Someone has deleted or cut a file: what was in it is missing again. */
  #fileGone(file: number): void {
    this.#ledger.setGrown(file, 0)
    this.#growth.cutToGrown(file)
    const { size } = this.layout.file(file)
    const last = this.layout.pieceAt(file, Math.max(0, size - 1))
    for (let piece = this.layout.pieceAt(file, 0); piece <= last; piece++) {
      if (!this.#ledger.isSettled(piece)) {
        if (this.#ledger.has(piece)) this.#ledger.count(piece)
        continue
      }
      this.#vouching.distrust(piece)
      this.#reader.forget(piece)
      this.#ledger.lose(piece)
    }
  }
}
