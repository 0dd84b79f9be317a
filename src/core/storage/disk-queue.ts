// The store's requests to the disk: a bounded number at once, and none of them lost. When the disk is full
// or gone everything waits, one request is tried again from time to time, and all go on when it succeeds.
import type { DiskRead, DiskWrite, Millis, RequestId, WorldInput } from '../world/index.ts'
import type { StoreNotice, StoreProblem } from './words.ts'

/** Requests that the disk has at once; more would only wait in the driver's queue. */
export const DISK_REQUESTS_MAX = 16
/** Between two trials of a disk that is full or gone: soon enough for a user who made room. */
export const DISK_RETRY_MS = 5000

/** What the user can do; what the system said follows it. */
const ADVICE = {
  full: 'The disk is full: make room on it, and the download goes on by itself.',
  denied: 'The store may not be written or read: allow it, and the download goes on by itself.',
  lost: 'The disk does not answer: bring it back, and the download goes on by itself.',
} as const

const NOTHING: readonly (DiskRead | DiskWrite)[] = []

interface ReadJob {
  readonly kind: 'disk-read'
  readonly path: string
  readonly position: number
  readonly size: number
  readonly done: (bytes: Uint8Array | undefined, nowMs: Millis) => void
}

interface WriteJob {
  readonly kind: 'disk-write'
  readonly path: string
  readonly position: number
  readonly bytes: Uint8Array | null
  readonly isDurable: boolean
  readonly done: (nowMs: Millis) => void
  /** Instead of `done` where somebody took the file away. */
  readonly missing: (nowMs: Millis) => void
}

type Job = ReadJob | WriteJob

/** Requests with what to do when they are answered. A write always succeeds, some day. */
export class DiskQueue {
  readonly #newRequest: () => RequestId
  readonly #notify: (notice: StoreNotice) => void
  readonly #running = new Map<RequestId, Job>()
  /** Oldest first from `#next` on. Its callers bound it: each file, piece and read has one job at most. */
  #waiting: Job[] = []
  #next = 0
  #effects: (DiskRead | DiskWrite)[] = []
  #problem: StoreProblem | undefined
  #retryAtMs: Millis = Number.POSITIVE_INFINITY

  constructor(newRequest: () => RequestId, notify: (notice: StoreNotice) => void) {
    this.#newRequest = newRequest
    this.#notify = notify
  }

  /** Whether the disk refuses at present. */
  get isStuck(): boolean {
    return this.#problem !== undefined
  }

  /** Whether nothing is asked and nothing waits. */
  get isIdle(): boolean {
    return this.#running.size === 0 && this.#next === this.#waiting.length
  }

  get wakeAtMs(): Millis {
    return this.#retryAtMs
  }

  /** `done` gets fewer bytes than `size` where the file ends early, `undefined` where there is none. */
  read(path: string, position: number, size: number, done: ReadJob['done']): void {
    this.#enqueue({ kind: 'disk-read', path, position, size, done })
  }

  /** `bytes` stay untouched until it is done; empty ones set the file's size, `null` deletes it. */
  write(job: {
    readonly path: string
    readonly position: number
    readonly bytes: Uint8Array | null
    readonly isDurable?: boolean
    readonly done?: WriteJob['done']
    readonly missing?: WriteJob['missing']
  }): void {
    const { path, position, bytes, isDurable = false, done = () => {}, missing = done } = job
    this.#enqueue({ kind: 'disk-write', path, position, bytes, isDurable, done, missing })
  }

  drain(): readonly (DiskRead | DiskWrite)[] {
    if (this.#effects.length === 0) return NOTHING
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /** @returns whether the input answers a request of this queue. */
  step(nowMs: Millis, input: WorldInput): boolean {
    if (input.kind === 'wake') this.#retry(nowMs)
    if (!('request' in input)) return false
    const job = this.#running.get(input.request)
    if (job === undefined) return false
    this.#running.delete(input.request)
    if (input.kind === 'disk-failed') this.#failed(nowMs, job, input.reason, input.message)
    else this.#succeeded(nowMs, job, input)
    return true
  }

  #enqueue(job: Job): void {
    this.#waiting.push(job)
    this.#pump()
  }

  #succeeded(nowMs: Millis, job: Job, input: WorldInput): void {
    if (this.#problem !== undefined) {
      this.#notify({ kind: 'solved', problem: this.#problem })
      this.#problem = undefined
      this.#retryAtMs = Number.POSITIVE_INFINITY
    }
    if (job.kind === 'disk-write') job.done(nowMs)
    else if (input.kind === 'disk-read-done') job.done(input.bytes, nowMs)
    this.#pump()
  }

  #failed(
    nowMs: Millis,
    job: Job,
    reason: 'full' | 'missing' | 'denied' | 'lost',
    message: string,
  ) {
    // No such file is an answer; anything else says nothing about the file.
    if (reason === 'missing') {
      if (job.kind === 'disk-read') job.done(undefined, nowMs)
      else job.missing(nowMs)
      this.#pump()
      return
    }
    const problem: StoreProblem = `disk-${reason}`
    if (problem !== this.#problem) {
      this.#notify({ kind: 'problem', problem, message: `${ADVICE[reason]} (${message})` })
    }
    this.#problem = problem
    this.#retryAtMs = nowMs + DISK_RETRY_MS
    // In front, so that the order of the writes to a file stays.
    this.#waiting = [job, ...this.#waiting.slice(this.#next)]
    this.#next = 0
  }

  #retry(nowMs: Millis): void {
    if (nowMs < this.#retryAtMs) return
    this.#retryAtMs = Number.POSITIVE_INFINITY
    if (this.#running.size === 0) this.#issueNext()
  }

  #pump(): void {
    if (this.#problem !== undefined) return
    while (this.#running.size < DISK_REQUESTS_MAX && this.#next < this.#waiting.length) {
      this.#issueNext()
    }
  }

  #issueNext(): void {
    const job = this.#waiting[this.#next++]
    if (job === undefined) return
    if (this.#next === this.#waiting.length || this.#next === 1024) {
      this.#waiting = this.#waiting.slice(this.#next)
      this.#next = 0
    }
    const request = this.#newRequest()
    this.#running.set(request, job)
    const { path, position } = job
    this.#effects.push(
      job.kind === 'disk-read'
        ? { kind: 'disk-read', request, path, position, size: job.size }
        : {
            kind: 'disk-write',
            request,
            path,
            position,
            bytes: job.bytes,
            isDurable: job.isDurable,
          },
    )
  }
}
