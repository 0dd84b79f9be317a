// A torrent whose metadata is known: its download, its store, its readers, and what it gives back. It turns
// what these parts tell into notices, and decides when the torrent is done.
import { toHex } from '../bytes/index.ts'
import { type Layout, layoutOf, Store, type StoreNotice } from '../storage/index.ts'
import type { Metainfo } from '../wire/index.ts'
import type { Millis, RequestId, WorldInput } from '../world/index.ts'
import type { SwarmContext } from './context.ts'
import { Download } from './download.ts'
import type { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import { Readers } from './readers.ts'
import type { Roster } from './roster.ts'
import { wantedPieces } from './selection.ts'
import { Upload } from './upload.ts'
import type { SwarmCommand, SwarmEffect, SwarmNotice, SwarmProblem } from './words.ts'

export interface PayloadHost {
  readonly outbox: Outbox<SwarmEffect>
  readonly roster: Roster
  readonly context: SwarmContext
  notify(notice: SwarmNotice): void
  trouble(problem: SwarmProblem): void
  solved(code: SwarmProblem['code']): void
  /** Every wanted piece is stored now. */
  done(): void
}

type ReadCommand = Extract<SwarmCommand, { kind: 'read' | 'read-cancel' | 'viewer-closed' }>
type Answer = Extract<
  WorldInput,
  { kind: 'hashed' | 'disk-read-done' | 'disk-written' | 'disk-failed' }
>

export class Payload {
  readonly metainfo: Metainfo
  readonly layout: Layout
  readonly download: Download
  readonly readers: Readers
  readonly upload: Upload | undefined
  readonly #host: PayloadHost
  /** Whether `done` was told for the present selection. */
  #isDone = false
  /** `undefined`: all files. */
  #selected: ReadonlySet<number> | undefined
  /** Reads of our own count down from 0, so that they never meet a viewer's, which count up. */
  #lastRequest: RequestId = 0
  /** A stored piece that is being read because it may tell where a container has its index. */
  #indexRead: { readonly request: RequestId; readonly piece: number } | undefined

  constructor(nowMs: Millis, metainfo: Metainfo, host: PayloadHost) {
    const { context, outbox, roster } = host
    this.#host = host
    this.metainfo = metainfo
    this.layout = layoutOf(metainfo)
    const { source, options } = context
    const store = new Store(nowMs, {
      layout: this.layout,
      id: toHex(source.infohash),
      newRequest: context.newRequest,
      limitBytes: options.storeLimitBytes,
      ...(source.resume === undefined ? {} : { resume: source.resume }),
    })
    this.download = new Download({
      metainfo,
      layout: this.layout,
      store,
      digests: context.digests,
      downLimit: context.downLimit,
      host: {
        outbox,
        newRequest: context.newRequest,
        peerOf: number => roster.byNumber(number),
        peerAt: slot => roster.bySlot(slot),
        ban: (number, reason) => roster.ban(this.download.nowMs, number, reason),
        verified: piece => this.#verified(piece),
        readable: piece => this.readers.readable(this.download.nowMs, piece),
        storeNotice: notice => this.#storeNotice(notice),
      },
    })
    this.download.nowMs = nowMs
    this.readers = new Readers(this.download, this.layout, {
      readDone: (request, bytes) => host.notify({ kind: 'read-done', request, bytes }),
      readFailed: (request, message) => host.notify({ kind: 'read-failed', request, message }),
    })
    this.upload = context.discretion.servesPieces
      ? new Upload({
          download: this.download,
          upLimit: context.upLimit,
          luck: context.luck,
          sharing: options.sharing,
          outbox,
          newRequest: () => --this.#lastRequest,
          peers: () => roster.peers,
        })
      : undefined
  }

  /** Whether the file is among those that are wanted. */
  isSelected(file: number): boolean {
    return this.#selected?.has(file) ?? true
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** Somebody reads what is not on the disk yet. */
  get isWatched(): boolean {
    return this.readers.viewerCount > 0 && !this.download.isWhole
  }

  get wakeAtMs(): Millis {
    return Math.min(this.download.wakeAtMs, this.upload?.wakeAtMs ?? Number.POSITIVE_INFINITY)
  }

  wake(nowMs: Millis): void {
    this.download.wake(nowMs)
    this.upload?.wake(nowMs)
  }

  select(files: readonly number[] | undefined): void {
    this.#selected = files === undefined ? undefined : new Set(files)
    this.download.store.select(this.download.nowMs, files ?? [...this.layout.files.keys()])
    this.download.setWanted(wantedPieces(this.layout, files))
    this.download.drainStore()
    this.#checkDone()
  }

  readCommand(nowMs: Millis, command: ReadCommand): void {
    if (command.kind === 'read') this.readers.read(nowMs, command)
    else if (command.kind === 'read-cancel') this.readers.cancel(nowMs, command.request)
    else this.readers.close(nowMs, command.viewer)
  }

  answered(nowMs: Millis, input: Answer): void {
    if (input.kind === 'hashed') this.download.hashed(input.request, input.digest)
    else {
      this.download.diskAnswered(nowMs, input)
      if (!this.#isDone) this.#checkDone()
    }
  }

  /** After every step: asks for what became possible. `peer` is the one that the step was about. */
  settle(nowMs: Millis, peer: Peer | undefined): void {
    const { download } = this
    const { picker } = download
    download.settle()
    if (download.demand.isEveryoneDue) {
      download.demand.isEveryoneDue = false
      for (const other of this.#host.roster.peers) download.ask(nowMs, other)
    } else if (peer !== undefined) download.ask(nowMs, peer)
    if (picker.isWorkSpread) {
      for (const slot of picker.soonestFirst(nowMs)) {
        const other = this.#host.roster.bySlot(slot)
        if (other !== undefined) download.ask(nowMs, other)
      }
      picker.workSpread()
    }
    this.upload?.settle(nowMs)
    if (picker.indexWants >= 0 && this.#indexRead === undefined) this.#readIndex(nowMs)
  }

  #readIndex(nowMs: Millis): void {
    const { picker, store } = this.download
    const piece = picker.indexWants
    const request = --this.#lastRequest
    this.#indexRead = { request, piece }
    store.readBlock(nowMs, request, piece, 0, this.layout.pieceSize(piece))
    this.download.drainStore()
  }

  /** Ends everything; the store answers `stopped` or `removed` when the disk is done. */
  end(nowMs: Millis, command: Extract<SwarmCommand, { kind: 'remove' | 'stop' }>): void {
    this.readers.fail(nowMs, 'The torrent was removed.')
    if (command.kind === 'stop') this.download.store.stop(nowMs)
    else this.download.store.remove(nowMs, command.deleteFiles)
    this.download.drainStore()
  }

  #verified(piece: number): void {
    this.#host.notify({ kind: 'piece', piece })
    this.upload?.verified(piece)
  }

  #storeNotice(notice: StoreNotice): void {
    const { host, nowMs } = { host: this.#host, nowMs: this.download.nowMs }
    switch (notice.kind) {
      case 'check-done':
        this.#checkDone()
        break
      case 'read-done':
        this.#readAnswered(nowMs, notice.request, notice.bytes)
        break
      case 'read-failed':
        this.#readAnswered(nowMs, notice.request, notice.message)
        break
      case 'problem':
        host.trouble({
          code: notice.problem,
          message: notice.message,
          isFatal: notice.problem === 'file-in-the-way' && this.download.store.isAllInTheWay,
        })
        break
      case 'solved':
        host.solved(notice.problem)
        break
      case 'stopped':
      case 'removed':
        host.notify({ kind: notice.kind })
        break
      default:
    }
  }

  #readAnswered(nowMs: Millis, request: RequestId, answer: Uint8Array | string): void {
    if (this.readers.storeAnswered(nowMs, request, answer)) return
    if (this.#indexRead?.request === request) {
      const { piece } = this.#indexRead
      this.#indexRead = undefined
      if (typeof answer !== 'string') this.download.picker.pieceBytes(piece, answer)
      return
    }
    if (typeof answer === 'string') this.upload?.readFailed(nowMs, request)
    else this.upload?.readDone(nowMs, request, answer)
  }

  /** Done: every wanted piece is stored, and every wanted file is in its place. */
  #checkDone(): void {
    const { download, layout } = this
    const isDone =
      download.isComplete &&
      layout.files.every(
        ({ size, isPadding }, file) =>
          isPadding || !this.isSelected(file) || download.store.contiguousBytes(file) === size,
      )
    if (isDone === this.#isDone) return
    this.#isDone = isDone
    if (isDone) this.#host.done()
  }
}
