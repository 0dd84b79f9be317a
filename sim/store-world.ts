// One store between a simulated disk and the torrent's true bytes: puts pieces, checks after every step
// that each file is a correct prefix of the true one, and can be killed at any moment and opened again.
import { assert } from '../src/core/bytes/index.ts'
import { type Layout, Store, type StoreNotice } from '../src/core/storage/index.ts'
import type { DiskRead, DiskWrite, Millis, WorldInput } from '../src/core/world/index.ts'
import { SimDisk, type SimDiskOptions } from './disk.ts'
import { EventHeap } from './heap.ts'
import type { SeededLuck } from './random.ts'

export interface StoreWorldOptions {
  readonly layout: Layout
  readonly luck: SeededLuck
  readonly disk?: SimDiskOptions
  readonly limitBytes?: number
}

export class StoreWorld {
  readonly layout: Layout
  readonly disk: SimDisk
  /** The true bytes of the whole row of pieces. */
  readonly truth: Uint8Array
  readonly saved = new Map<string, Uint8Array>()
  readonly notices: StoreNotice[] = []
  /** Reads by number: what they should begin with, until they are answered. */
  readonly reads = new Map<
    number,
    { expected: Uint8Array; answer: Uint8Array | string | undefined }
  >()
  writtenBytes = 0
  /** Reads that the store has asked of the disk. */
  readCount = 0
  nowMs: Millis = 0
  readonly #luck: SeededLuck
  readonly #limitBytes: number
  /** Files that were written to since they were looked at. */
  readonly #touched = new Set<string>()
  readonly #indexOf = new Map<string, number>()
  #heap = new EventHeap()
  #requests = 0
  #store: Store | undefined

  constructor(options: StoreWorldOptions) {
    this.layout = options.layout
    this.#luck = options.luck
    this.#limitBytes = options.limitBytes ?? Number.POSITIVE_INFINITY
    this.disk = new SimDisk(options.luck.fork(), options.disk)
    this.truth = truthOf(options.layout, options.luck)
    for (const [index, { path }] of options.layout.files.entries()) this.#indexOf.set(path, index)
  }

  get store(): Store {
    assert(this.#store !== undefined, 'the store is not open')
    return this.#store
  }

  /** Opens the store with what was saved last; the check of what is on disk begins. */
  open(): void {
    const resume = this.saved.get('resume/test')
    this.#store = new Store(this.nowMs, {
      layout: this.layout,
      id: 'test',
      newRequest: () => ++this.#requests,
      limitBytes: this.#limitBytes,
      ...(resume === undefined ? {} : { resume }),
    })
    this.collect()
  }

  /** Ends the process: `kill` leaves what the system has, `power` only what was synced, and bits of the rest. */
  end(how: 'kill' | 'power'): void {
    if (how === 'kill') this.disk.kill()
    else this.disk.crash()
    this.#store = undefined
    this.#heap = new EventHeap()
    this.reads.clear()
  }

  /** The true bytes of a piece in a buffer of its own. */
  bytesOf(piece: number): Uint8Array {
    const begin = piece * this.layout.pieceBytes
    return this.truth.slice(begin, begin + this.layout.pieceSize(piece))
  }

  put(piece: number): void {
    this.store.put(this.nowMs, piece, this.bytesOf(piece))
    this.collect()
  }

  read(file: number, begin: number, size: number): void {
    const request = ++this.#requests
    const from = this.layout.file(file).offset + begin
    this.reads.set(request, { expected: this.truth.slice(from, from + size), answer: undefined })
    this.store.read(this.nowMs, request, file, begin, size)
    this.collect()
  }

  readBlock(piece: number, begin: number, size: number): void {
    const request = ++this.#requests
    const expected = this.bytesOf(piece).slice(begin, begin + size)
    this.reads.set(request, { expected, answer: undefined })
    this.store.readBlock(this.nowMs, request, piece, begin, size)
    this.collect()
  }

  /** Lets the world go on for so long, or until nothing is planned. */
  run(forMs: Millis): void {
    const untilMs = this.nowMs + forMs
    for (;;) {
      const wakeAtMs = this.store.wakeAtMs
      const atMs = Math.min(this.#heap.nextAtMs, Math.max(wakeAtMs, this.nowMs))
      if (atMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, atMs)
      if (this.#heap.nextAtMs <= wakeAtMs) this.#heap.take()?.run()
      else this.#step({ kind: 'wake' })
    }
    this.nowMs = untilMs
  }

  /** Performs what the store asks for and answers what it asks the swarm. */
  collect(): void {
    for (const notice of this.store.notices()) {
      this.notices.push(notice)
      this.#hear(notice)
    }
    for (const effect of this.store.drain()) {
      if (effect.kind === 'save') {
        if (effect.bytes === null) this.saved.delete(effect.name)
        else this.saved.set(effect.name, effect.bytes)
      } else this.#perform(effect)
    }
    this.checkFiles()
  }

  /** Each file that was written to is a correct prefix of the true one, at least as long as the store says. */
  checkFiles(): void {
    // What an end has left behind is cut to what is right when the check is over.
    if (this.store.isChecking) this.#touched.clear()
    for (const path of this.#touched) {
      const index = this.#indexOf.get(path)
      const bytes = this.disk.file(path)
      if (index === undefined || bytes === undefined) continue
      const { offset, size } = this.layout.file(index)
      assert(bytes.length <= size, `${path} is longer than it should be`)
      const grown = this.store.contiguousBytes(index)
      assert(bytes.length >= grown, `${path} is shorter than the store believes`)
      const truth = this.truth.subarray(offset, offset + bytes.length)
      assert(Buffer.compare(bytes, truth) === 0, `${path} is not what it should be`)
    }
    this.#touched.clear()
  }

  #perform(effect: DiskRead | DiskWrite): void {
    if (effect.kind === 'disk-read') this.readCount++
    else this.writtenBytes += effect.bytes?.length ?? 0
    const { afterMs, answer } = this.disk.perform(effect, this.nowMs)
    this.#heap.plan(this.nowMs + afterMs, () => {
      // The store's durable writes change nothing.
      if (effect.kind === 'disk-write' && !effect.isDurable) this.#touched.add(effect.path)
      this.#step(answer())
    })
  }

  #step(input: WorldInput): void {
    this.store.step(this.nowMs, input)
    this.collect()
  }

  #hear(notice: StoreNotice): void {
    switch (notice.kind) {
      case 'check': {
        const { piece, bytes } = notice
        const expected = this.bytesOf(piece)
        const isRight =
          bytes.length === expected.length && bytes.every((b, at) => b === expected[at])
        this.#heap.plan(this.nowMs + this.#luck.fraction(), () => {
          this.store.checked(this.nowMs, piece, isRight)
          this.collect()
        })
        break
      }
      case 'released':
        // Whoever still reads from it would be seen to.
        notice.bytes.fill(0xee)
        break
      case 'read-done':
      case 'read-failed': {
        const read = this.reads.get(notice.request)
        assert(read !== undefined && read.answer === undefined, 'an answer to no question')
        read.answer = notice.kind === 'read-done' ? notice.bytes : notice.message
      }
    }
  }
}

/** Bytes by chance, none of them 0, so that a hole in a file does not look right; padding is zeros. */
function truthOf(layout: Layout, luck: SeededLuck): Uint8Array {
  const last = layout.pieceCount - 1
  const size = last < 0 ? 0 : last * layout.pieceBytes + layout.pieceSize(last)
  const words = new Uint32Array(Math.ceil(size / 4))
  for (let index = 0; index < words.length; index++) words[index] = luck.word() | 0x80808080
  const truth = new Uint8Array(words.buffer, 0, size)
  for (const { offset, size: bytes, isPadding } of layout.files) {
    if (isPadding) truth.fill(0, offset, offset + bytes)
  }
  return truth
}
