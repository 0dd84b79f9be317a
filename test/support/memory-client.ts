// A client whose torrents lie in memory: what the server and the console are tested against. Its reads wait until a
// test lets bytes through, so that waiting, leaving and back-pressure can be looked at without a clock.
import {
  type FileView,
  mediaTypeOf,
  type PiecesView,
  paths,
  type TorrentView,
} from '../../src/api/index.ts'
import type { ReadRange, Torrent, TorrentEvent, TorrentLive } from '../../src/node/client-types.ts'

export interface MemoryFile {
  readonly path: string
  readonly bytes: Uint8Array
}

export class MemoryTorrent implements Torrent {
  readonly infohash: string
  readonly metadata: Promise<never>
  /** Every read, in order, and whether it has ended. */
  readonly reads: (ReadRange & { isOpen: boolean; chunksTaken: number })[] = []
  readonly selected: (readonly number[])[] = []
  /** Reads wait while this is set. */
  isHeld = false
  removed: { readonly deleteFiles: boolean } | undefined
  readonly #files: readonly MemoryFile[]
  readonly #listeners = new Set<(event: TorrentEvent) => void>()
  #changes: Partial<TorrentView> = {}
  #release: () => void = () => {}

  constructor(options: {
    readonly infohash: string
    readonly files: readonly MemoryFile[]
    readonly metadata?: Promise<void>
  }) {
    this.infohash = options.infohash
    this.#files = options.files
    this.metadata = (options.metadata ?? Promise.resolve()) as Promise<never>
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  change(changes: Partial<TorrentView>): void {
    this.#changes = { ...this.#changes, ...changes }
  }

  emit(event: TorrentEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** Lets waiting reads go on. */
  release(): void {
    this.isHeld = false
    this.#release()
  }

  view(): TorrentView {
    const totalBytes = this.#files.reduce((sum, file) => sum + file.bytes.length, 0)
    return {
      infohash: this.infohash,
      name: 'memory',
      state: 'downloading',
      problem: null,
      totalBytes,
      wantedBytes: totalBytes,
      verifiedBytes: 0,
      contiguousBytes: 0,
      wastedBytes: 0,
      downBytesPerSecond: 0,
      upBytesPerSecond: 0,
      secondsLeft: null,
      pieceBytes: 16384,
      pieceCount: Math.ceil(totalBytes / 16384),
      files: this.#files.map((file, index) => this.#fileView(file, index)),
      peers: [],
      peersKnown: 0,
      connectionsMax: 20,
      viewers: [],
      ...this.#changes,
    }
  }

  #fileView(file: MemoryFile, index: number): FileView {
    const before = this.#files.slice(0, index)
    return {
      index,
      path: file.path,
      bytes: file.bytes.length,
      offsetBytes: before.reduce((sum, one) => sum + one.bytes.length, 0),
      verifiedBytes: 0,
      contiguousBytes: 0,
      isWanted: true,
      ...mediaTypeOf(file.path),
      url: paths.stream(this.infohash, index, file.path.split('/').at(-1)!),
    }
  }

  pieces(): PiecesView {
    return { pieceCount: this.view().pieceCount, verified: '', inFlight: [] }
  }

  async *read(range: ReadRange): AsyncGenerator<Uint8Array> {
    const record = { ...range, isOpen: true, chunksTaken: 0 }
    this.reads.push(record)
    try {
      const { bytes } = this.#files[range.file]!
      for (let at = range.begin; at < range.end; at += 65536) {
        while (this.isHeld) await this.#wait(range.signal)
        record.chunksTaken += 1
        yield bytes.subarray(at, Math.min(at + 65536, range.end))
      }
    } finally {
      record.isOpen = false
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.#release = resolve
    })
  }

  select(files: readonly number[]): void {
    this.selected.push(files)
  }

  async remove(options: { readonly deleteFiles: boolean }): Promise<void> {
    this.removed = options
    this.emit({ type: 'removed' })
  }

  onEvent(listener: (event: TorrentEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

export class MemoryClient implements TorrentLive {
  readonly torrents: MemoryTorrent[]
  readonly added: (string | Uint8Array)[] = []
  isClosed = false

  constructor(...torrents: MemoryTorrent[]) {
    this.torrents = torrents
  }

  async add(source: string | Uint8Array): Promise<Torrent> {
    this.added.push(source)
    if (this.torrents[0] === undefined)
      throw Object.assign(new Error('Give a magnet link.'), { name: 'BadSource' })
    return this.torrents[0]
  }

  onTorrent(): () => void {
    return () => {}
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
