// What a store asks of the world and what it tells the swarm that holds it. Types only.
import type { DiskRead, DiskWrite, RequestId, Save } from '../world/index.ts'
import type { Layout } from './layout.ts'

export interface StoreOptions {
  readonly layout: Layout
  /** Infohash in hexadecimal: names the resume record `resume/<id>` and the file of pieces that wait. */
  readonly id: string
  /** What `save` kept under `resume/<id>`; absent: whatever lies in the files is hashed before it counts. */
  readonly resume?: Uint8Array
  /** A number that no other request of the same client carries. */
  readonly newRequest: () => RequestId
  /** Bytes on disk at most, `Infinity` for no limit. Below the wanted bytes only a moving part is kept. */
  readonly limitBytes: number
}

export type StoreEffect = DiskRead | DiskWrite | Save

/** What went wrong on the disk, for the user; the store retries by itself and says `solved`. */
export type StoreProblem =
  | 'disk-full'
  | 'disk-lost'
  | 'disk-denied'
  | 'store-limit'
  | 'file-in-the-way'

export type StoreNotice =
  /** The piece is on disk: it survives the end of the process. It could be read since it was put. */
  | { readonly kind: 'stored'; readonly piece: number }
  /** A buffer given by `put` that nobody needs any more. */
  | { readonly kind: 'released'; readonly bytes: Uint8Array }
  /** Found on disk at the start: verify it and answer `checked`. The bytes belong to the swarm. */
  | { readonly kind: 'check'; readonly piece: number; readonly bytes: Uint8Array }
  /** All that was on disk at the start has been checked; `stored` pieces before it came from there. */
  | { readonly kind: 'check-done' }
  | { readonly kind: 'read-done'; readonly request: RequestId; readonly bytes: Uint8Array }
  | { readonly kind: 'read-failed'; readonly request: RequestId; readonly message: string }
  /** The piece is missing again: evicted by the limit, or its file is gone. */
  | { readonly kind: 'dropped'; readonly piece: number }
  | { readonly kind: 'problem'; readonly problem: StoreProblem; readonly message: string }
  | { readonly kind: 'solved'; readonly problem: StoreProblem }
  /** After `stop`: everything that was put is on disk and vouched for. */
  | { readonly kind: 'stopped' }
  /** After `remove`: the files, where they were to go, are gone. */
  | { readonly kind: 'removed' }
