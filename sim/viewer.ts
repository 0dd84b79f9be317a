// A simulated player: reads a file as a browser does, plays it at a bit rate, seeks, and checks every
// byte that it is given against the source.
import { equalBytes } from '../src/core/bytes/index.ts'
import type { ClientInput, ClientNotice, SwarmId, ViewerId } from '../src/core/client/index.ts'
import type { Millis } from '../src/core/world/index.ts'
import type { World } from './world.ts'

const READ_BYTES = 262_144
/** How far a player reads ahead of what it shows. */
const BUFFER_MS = 10_000

export interface ViewerOptions {
  readonly swarm: SwarmId
  readonly viewer: ViewerId
  readonly file: number
  /** The whole file. */
  readonly source: Uint8Array
  readonly bytesPerSecond: number
}

/** What the viewer lived through. */
export interface Seance {
  /** From each `play` to its first byte. */
  readonly waitsMs: number[]
  /** How often the picture stood still after it had begun, and for how long in all. */
  stalls: number
  stalledMs: number
  servedBytes: number
}

export class SimViewer {
  readonly seance: Seance = { waitsMs: [], stalls: 0, stalledMs: 0, servedBytes: 0 }
  readonly #world: World
  readonly #deliver: (input: ClientInput) => void
  readonly #options: ViewerOptions
  #requests: number
  /** The read that is being waited for; 0: none. */
  #pending = 0
  #pendingBegin = 0
  #position = 0
  #playedFrom = 0
  #askedAtMs: Millis = 0
  /** When the byte at `#playedFrom` is or was shown; `undefined` before the first byte. */
  #shownAtMs: Millis | undefined

  constructor(world: World, deliver: (input: ClientInput) => void, options: ViewerOptions) {
    this.#world = world
    this.#deliver = deliver
    this.#options = options
    this.#requests = options.viewer * 1_000_000
  }

  get isAtEnd(): boolean {
    return this.#position === this.#options.source.length && this.#pending === 0
  }

  /** Starts at `begin`, or seeks there. */
  play(begin: number): void {
    this.#withdraw()
    this.#position = begin
    this.#playedFrom = begin
    this.#askedAtMs = this.#world.nowMs
    this.#shownAtMs = undefined
    this.#read()
  }

  close(): void {
    this.#withdraw()
    this.#deliver({
      kind: 'viewer-closed',
      swarm: this.#options.swarm,
      viewer: this.#options.viewer,
    })
  }

  hear(notice: ClientNotice): void {
    if (notice.kind === 'read-failed' && notice.request === this.#pending) {
      throw new Error(`a read failed: ${notice.message}`)
    }
    if (notice.kind !== 'read-done' || notice.request !== this.#pending) return
    const { source } = this.#options
    const { bytes } = notice
    if (bytes.length === 0 || bytes.length > READ_BYTES) throw new Error('a read of another size')
    if (
      !equalBytes(bytes, source.subarray(this.#pendingBegin, this.#pendingBegin + bytes.length))
    ) {
      throw new Error(`wrong bytes served at ${this.#pendingBegin}`)
    }
    this.#pending = 0
    this.#took(bytes.length)
    // A player asks again from its own loop, not from within the answer.
    this.#world.plan(0, () => this.#read())
  }

  #took(size: number): void {
    const nowMs = this.#world.nowMs
    this.seance.servedBytes += size
    if (this.#shownAtMs === undefined) {
      this.seance.waitsMs.push(nowMs - this.#askedAtMs)
      this.#shownAtMs = nowMs
    } else {
      const neededAtMs = this.#shownAtMs + this.#playTimeMs(this.#position - this.#playedFrom)
      if (nowMs > neededAtMs) {
        this.seance.stalls++
        this.seance.stalledMs += nowMs - neededAtMs
        this.#shownAtMs += nowMs - neededAtMs
      }
    }
    this.#position += size
  }

  #read(): void {
    const { source, swarm, viewer, file } = this.#options
    if (this.#pending !== 0 || this.#position >= source.length) return
    const aheadMs =
      this.#shownAtMs === undefined
        ? 0
        : this.#shownAtMs + this.#playTimeMs(this.#position - this.#playedFrom) - this.#world.nowMs
    if (aheadMs > BUFFER_MS) {
      this.#world.plan(aheadMs - BUFFER_MS, () => this.#read())
      return
    }
    this.#pending = ++this.#requests
    this.#pendingBegin = this.#position
    const size = Math.min(READ_BYTES, source.length - this.#position)
    const request = this.#pending
    this.#deliver({ kind: 'read', swarm, viewer, request, file, begin: this.#position, size })
  }

  #withdraw(): void {
    if (this.#pending === 0) return
    const { swarm } = this.#options
    this.#deliver({ kind: 'read-cancel', swarm, request: this.#pending })
    this.#pending = 0
  }

  #playTimeMs(bytes: number): number {
    return (bytes / this.#options.bytesPerSecond) * 1000
  }
}
