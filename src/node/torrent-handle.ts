// One torrent as a program holds it: the machine's notices as events and promises, its reads as streams.
import type { PiecesView, TorrentView } from '../api/index.ts'
import { formatAddress, toHex } from '../core/bytes/index.ts'
import type { ClientNotice, Command, SwarmId, TorrentSource } from '../core/client/index.ts'
import { type Layout, layoutOf } from '../core/storage/index.ts'
import type { PiecesStatus, SwarmStatus } from '../core/swarm/index.ts'
import type { Metainfo } from '../core/wire/index.ts'
import type { RequestId } from '../core/world/index.ts'
import type { ReadRange, Torrent, TorrentEvent } from './client-types.ts'
import { type Deferred, deferred } from './deferred.ts'
import { piecesView, torrentView } from './views.ts'

/** A reader gets at most so much at once: what it has not taken yet waits in memory. */
export const READ_LIMIT_BYTES = 1024 * 1024

/** What a torrent needs of the client that holds it. */
export interface TorrentHost {
  step(command: Command): void
  status(swarm: SwarmId): SwarmStatus | undefined
  pieces(swarm: SwarmId): PiecesStatus | undefined
  newRequest(): RequestId
  /** One number for each name of a viewer. */
  viewerOf(name: string): number
}

type SwarmNotice = Extract<ClientNotice, { readonly swarm: SwarmId }>

export class TorrentHandle implements Torrent {
  readonly id: SwarmId
  readonly infohash: string
  readonly #metadata: Deferred<Metainfo> = deferred<Metainfo>()
  readonly #host: TorrentHost
  readonly #listeners = new Set<(event: TorrentEvent) => void>()
  readonly #reads = new Map<RequestId, (answer: Uint8Array | Error) => void>()
  /** Streams that each viewer has open; its window goes with the last of them. */
  readonly #streams = new Map<number, number>()
  readonly #removal = deferred<void>()
  #layout: Layout | undefined
  /** The last view and why there will be no other one. */
  #end: { view: TorrentView; error: Error } | undefined

  constructor(id: SwarmId, source: TorrentSource, host: TorrentHost) {
    this.id = id
    this.infohash = toHex(source.infohash)
    this.#host = host
    // Whoever does not ask for the metadata need not hear that it never came.
    this.#metadata.promise.catch(() => {})
  }

  get metadata(): Promise<Metainfo> {
    return this.#metadata.promise
  }

  /** Where the files lie; `undefined` until the metadata is known. */
  get layout(): Layout | undefined {
    return this.#layout
  }

  view(): TorrentView {
    if (this.#end !== undefined) return this.#end.view
    const status = this.#host.status(this.id)
    if (status === undefined) throw new Error('the torrent is not in the client')
    return torrentView(status, this.#layout)
  }

  pieces(): PiecesView {
    const pieces = this.#host.pieces(this.id)
    return piecesView(pieces ?? { pieceCount: 0, verified: new Uint8Array(0), inFlight: [] })
  }

  select(files: readonly number[]): void {
    this.#host.step({ kind: 'select', swarm: this.id, files })
  }

  async remove({ deleteFiles }: { readonly deleteFiles: boolean }): Promise<void> {
    if (this.#end === undefined) this.#host.step({ kind: 'remove', swarm: this.id, deleteFiles })
    else this.#removed()
    await this.#removal.promise
  }

  onEvent(listener: (event: TorrentEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async *read(range: ReadRange): AsyncGenerator<Uint8Array, void, undefined> {
    const { file, end, signal } = range
    const viewer = this.#host.viewerOf(range.viewer)
    this.#streams.set(viewer, (this.#streams.get(viewer) ?? 0) + 1)
    try {
      for (let begin = range.begin; begin < end && !signal.aborted; ) {
        const size = Math.min(end - begin, READ_LIMIT_BYTES)
        const bytes = await this.#readOnce({ viewer, file, begin, size }, signal)
        if (bytes === undefined) return
        begin += bytes.length
        yield bytes
      }
    } finally {
      this.#closeStream(viewer)
    }
  }

  /** Takes what the machine says of this torrent. */
  hear(notice: SwarmNotice): void {
    switch (notice.kind) {
      case 'read-done':
        this.#reads.get(notice.request)?.(notice.bytes)
        break
      case 'read-failed':
        this.#reads.get(notice.request)?.(named('ReadFailed', notice.message))
        break
      case 'metadata':
        this.#layout = layoutOf(notice.metainfo)
        this.#metadata.resolve(notice.metainfo)
        this.#emit({ type: 'metadata', metainfo: notice.metainfo })
        break
      case 'piece':
        this.#emit({ type: 'piece', piece: notice.piece })
        break
      case 'peer': {
        const { address, state, reason } = notice
        const because = reason === undefined ? {} : { reason }
        this.#emit({ type: 'peer', address: formatAddress(address), state, ...because })
        break
      }
      case 'done':
        this.#emit({ type: 'done' })
        break
      case 'problem': {
        const { code, message, isFatal } = notice.problem
        if (isFatal) this.#metadata.reject(named('TorrentFailed', message))
        this.#emit({ type: 'problem', code, message, isFatal })
        break
      }
      case 'removed':
        // One that was given up stays in sight, with its reason, until the user removes it.
        if (this.#end === undefined) this.#removed()
        break
      case 'broken':
        this.#broken(notice.error)
    }
  }

  /** Gives the torrent up for a reason that the machine cannot know; its files stay as they are. */
  fail({ code, message }: { readonly code: string; readonly message: string }): void {
    if (this.#end !== undefined) return
    const error = named('TorrentFailed', message)
    this.end(error)
    this.#end = { view: { ...this.view(), problem: { code, message, isFatal: true } }, error }
    this.#host.step({ kind: 'remove', swarm: this.id, deleteFiles: false })
    this.#emit({ type: 'problem', code, message, isFatal: true })
  }

  /** Nothing more will come: readers and waiters are told. */
  end(error: Error): void {
    if (this.#end !== undefined) return
    this.#end = { view: this.#lastView(), error }
    this.#metadata.reject(error)
    for (const answer of [...this.#reads.values()]) answer(error)
    this.#removal.resolve()
  }

  #removed(): void {
    this.end(named('TorrentRemoved', 'The torrent has been removed.'))
    this.#removal.resolve()
    this.#emit({ type: 'removed' })
  }

  #broken(cause: unknown): void {
    const message = `This torrent was stopped by a mistake of the program: ${(cause as Error).message}`
    const error = new Error(message, { cause })
    error.name = 'TorrentBroken'
    this.end(error)
    this.#emit({ type: 'problem', code: 'broken', message, isFatal: true })
  }

  #lastView(): TorrentView {
    const status = this.#host.status(this.id)
    const view = status === undefined ? EMPTY_VIEW : torrentView(status, this.#layout)
    return { ...view, infohash: this.infohash, state: 'failed', peers: [], viewers: [] }
  }

  #emit(event: TorrentEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** @returns `undefined` when the reader has gone. */
  async #readOnce(
    read: { viewer: number; file: number; begin: number; size: number },
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    if (this.#end !== undefined) throw this.#end.error
    const request = this.#host.newRequest()
    const { promise, resolve } = deferred<Uint8Array | Error | undefined>()
    const withdraw = () => {
      this.#host.step({ kind: 'read-cancel', swarm: this.id, request })
      resolve(undefined)
    }
    this.#reads.set(request, resolve)
    signal.addEventListener('abort', withdraw, { once: true })
    try {
      this.#host.step({ kind: 'read', swarm: this.id, request, ...read })
      const answer = await promise
      if (answer instanceof Error) throw answer
      return answer
    } finally {
      signal.removeEventListener('abort', withdraw)
      this.#reads.delete(request)
    }
  }

  #closeStream(viewer: number): void {
    const left = (this.#streams.get(viewer) ?? 1) - 1
    if (left > 0) {
      this.#streams.set(viewer, left)
      return
    }
    this.#streams.delete(viewer)
    if (this.#end === undefined) {
      this.#host.step({ kind: 'viewer-closed', swarm: this.id, viewer })
    }
  }
}

function named(name: string, message: string): Error {
  const error = new Error(message)
  error.name = name
  return error
}

const EMPTY_VIEW: TorrentView = {
  infohash: '',
  name: null,
  state: 'failed',
  problem: null,
  totalBytes: 0,
  wantedBytes: 0,
  verifiedBytes: 0,
  contiguousBytes: 0,
  wastedBytes: 0,
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  secondsLeft: null,
  pieceBytes: 0,
  pieceCount: 0,
  files: [],
  peers: [],
  peersKnown: 0,
  connectionsMax: 0,
  viewers: [],
}
