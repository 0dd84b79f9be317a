// Fetching the info dictionary from peers (BEP 9), from several at once, until its digest is right.
//
// Peers that name different sizes are separate attempts side by side, so that a lie about the size delays
// nobody. An attempt first takes chunks from whoever named its size. If the digest is wrong nobody knows who
// lied, so the next attempt takes all chunks from one peer, in turn: then a wrong digest names the liar.
import { concatBytes, equalBytes } from '../bytes/index.ts'
import { INFO_LIMIT_BYTES, METADATA_PIECE_BYTES, metadataPieceSize } from '../wire/index.ts'
import type { Digests, Millis } from '../world/index.ts'

/** Chunks asked of one peer at once. */
const CHUNKS_PER_PEER = 4
/** A chunk not here by then is asked of another as well. */
const CHUNK_PATIENCE_MS = 2_000
/** A peer that keeps an attempt of its own waiting this long loses it. */
const ATTEMPT_PATIENCE_MS = 8_000
/** Different sizes tried side by side; memory is spent only on chunks that came. */
const ATTEMPTS_MAX = 4
/** Peers whose offers are remembered: as many as can be connected, and some. */
const OFFERS_MAX = 256

type Chunk =
  | { readonly state: 'missing' }
  | { readonly state: 'asked'; readonly of: number; readonly atMs: Millis }
  | { readonly state: 'here'; readonly bytes: Uint8Array }

interface Attempt {
  readonly size: number
  readonly chunks: Chunk[]
  /** The only peer asked; `undefined` while every one may be. */
  only: number | undefined
  readonly senders: Set<number>
  progressAtMs: Millis
}

export type MetadataResult =
  | { readonly kind: 'nothing' }
  /** Complete and right; the bytes are the caller's. */
  | { readonly kind: 'complete'; readonly info: Uint8Array }
  /** Complete and wrong; `liars` are surely to blame, and an empty list means that nobody is known to be. */
  | { readonly kind: 'wrong'; readonly liars: readonly number[] }

export interface MetadataOptions {
  /** 20 bytes: of the v1 infohash, or the first 20 of the v2 one. */
  readonly infohash: Uint8Array
  /** 32 bytes where known: then SHA-256 decides. */
  readonly infohash2: Uint8Array | undefined
  readonly digests: Digests
}

const NOTHING: MetadataResult = { kind: 'nothing' }
const MISSING: Chunk = { state: 'missing' }

export class MetadataFetch {
  readonly #options: MetadataOptions
  /** Sizes by the number of the peer that named them. */
  readonly #offers = new Map<number, number>()
  readonly #attempts = new Map<number, Attempt>()
  /** Peers whose turn in an attempt of their own has been. */
  readonly #hadTurn = new Set<number>()
  /** Sizes of which a shared attempt was wrong. */
  readonly #distrusted = new Set<number>()

  constructor(options: MetadataOptions) {
    this.#options = options
  }

  /** `peer` says that it has `size` bytes of metadata. */
  offer(peer: number, size: number): void {
    if (!Number.isInteger(size) || size <= 0 || size > INFO_LIMIT_BYTES) return
    if (this.#offers.size < OFFERS_MAX) this.#offers.set(peer, size)
  }

  /** `peer` left, or does not serve metadata after all: what was asked of it is missing again. */
  gone(peer: number): void {
    this.#offers.delete(peer)
    this.#hadTurn.delete(peer)
    for (const attempt of this.#attempts.values()) {
      if (attempt.only === peer) this.#attempts.delete(attempt.size)
      else forgetAsked(attempt, peer)
    }
  }

  /** Which chunks to ask of `peer` now: indexes, at most a few. */
  ask(nowMs: Millis, peer: number): number[] {
    const attempt = this.#attemptFor(nowMs, peer)
    if (attempt === undefined) return []
    const chosen: number[] = []
    let waiting = attempt.chunks.filter(c => c.state === 'asked' && c.of === peer).length
    for (const [index, chunk] of attempt.chunks.entries()) {
      if (waiting >= CHUNKS_PER_PEER) break
      const isLate =
        chunk.state === 'asked' && chunk.of !== peer && nowMs - chunk.atMs > CHUNK_PATIENCE_MS
      if (chunk.state !== 'missing' && !isLate) continue
      attempt.chunks[index] = { state: 'asked', of: peer, atMs: nowMs }
      chosen.push(index)
      waiting++
    }
    return chosen
  }

  /** Ends attempts that make no progress. To be called about once a second. */
  expire(nowMs: Millis): void {
    for (const attempt of this.#attempts.values()) {
      if (nowMs - attempt.progressAtMs > ATTEMPT_PATIENCE_MS) this.#attempts.delete(attempt.size)
    }
  }

  /** A chunk arrived; `bytes` are lent. Whatever was not asked for, or has another size, is ignored. */
  receive(nowMs: Millis, peer: number, index: number, bytes: Uint8Array): MetadataResult {
    const attempt = this.#attempts.get(this.#offers.get(peer) ?? 0)
    if (attempt?.chunks[index]?.state !== 'asked') return NOTHING
    if (attempt.only !== undefined && attempt.only !== peer) return NOTHING
    if (bytes.length !== metadataPieceSize(index, attempt.size)) return NOTHING
    attempt.chunks[index] = { state: 'here', bytes: bytes.slice() }
    attempt.senders.add(peer)
    attempt.progressAtMs = nowMs
    return attempt.chunks.every(chunk => chunk.state === 'here') ? this.#finish(attempt) : NOTHING
  }

  #finish(attempt: Attempt): MetadataResult {
    this.#attempts.delete(attempt.size)
    const parts = attempt.chunks.flatMap(chunk => (chunk.state === 'here' ? [chunk.bytes] : []))
    const info = concatBytes(...parts)
    if (this.#isRight(info)) return { kind: 'complete', info }
    this.#distrusted.add(attempt.size)
    const liars = attempt.senders.size === 1 ? [...attempt.senders] : []
    for (const liar of liars) this.#offers.delete(liar)
    return { kind: 'wrong', liars }
  }

  #isRight(info: Uint8Array): boolean {
    const { infohash, infohash2, digests } = this.#options
    if (infohash2 !== undefined) return equalBytes(digests.sha256(info), infohash2)
    if (equalBytes(digests.sha1(info), infohash)) return true
    return equalBytes(digests.sha256(info).subarray(0, 20), infohash)
  }

  /** The attempt in which `peer` takes part, begun with it where there is none. */
  #attemptFor(nowMs: Millis, peer: number): Attempt | undefined {
    const size = this.#offers.get(peer)
    if (size === undefined) return undefined
    const attempt = this.#attempts.get(size) ?? this.#begin(nowMs, peer, size)
    return attempt?.only === undefined || attempt.only === peer ? attempt : undefined
  }

  #begin(nowMs: Millis, peer: number, size: number): Attempt | undefined {
    if (this.#attempts.size >= ATTEMPTS_MAX) return undefined
    const isAlone = this.#distrusted.has(size)
    if (isAlone && !this.#takeTurn(peer)) return undefined
    const count = Math.ceil(size / METADATA_PIECE_BYTES)
    const attempt: Attempt = {
      size,
      chunks: Array.from({ length: count }, () => MISSING),
      only: isAlone ? peer : undefined,
      senders: new Set(),
      progressAtMs: nowMs,
    }
    this.#attempts.set(size, attempt)
    return attempt
  }

  /** Whether it is the turn of `peer`: each gets one before anybody gets a second. */
  #takeTurn(peer: number): boolean {
    if ([...this.#offers.keys()].every(other => this.#hadTurn.has(other))) this.#hadTurn.clear()
    if (this.#hadTurn.has(peer)) return false
    this.#hadTurn.add(peer)
    return true
  }
}

function forgetAsked(attempt: Attempt, peer: number): void {
  for (const [index, chunk] of attempt.chunks.entries()) {
    if (chunk.state === 'asked' && chunk.of === peer) attempt.chunks[index] = MISSING
  }
}
