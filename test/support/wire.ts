// What tests of wire formats need: bytes from text, real digests, and chance that can be repeated.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digests, Luck } from '../../src/core/world/index.ts'

export const VECTORS = join(import.meta.dirname, '..', 'vectors')

/** Each character as one byte. */
export const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

export const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, 'hex'))

export const toLatin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** A plain Uint8Array with the content of a file: a Buffer would compare as something else. */
export const readBytes = (path: string): Uint8Array => new Uint8Array(readFileSync(path))

export const readVectors = <Vectors>(name: string): Vectors =>
  JSON.parse(readFileSync(join(VECTORS, name), 'utf8')) as Vectors

const digest = (algorithm: string, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash(algorithm).update(bytes).digest())

export const digests: Digests = {
  sha1: bytes => digest('sha1', bytes),
  sha256: bytes => digest('sha256', bytes),
}

/** Chance from a seed: xorshift32. The same seed gives the same run on every machine. */
export class Dice implements Luck {
  #state: number

  constructor(seed: number) {
    // The step keeps 0 at 0.
    this.#state = (seed ^ 0x9e3779b9) >>> 0 || 1
    for (let round = 0; round < 8; round++) this.next()
  }

  /** 0 to 2^32-1. */
  next(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state
  }

  below(limit: number): number {
    return this.next() % limit
  }

  bytes(count: number): Uint8Array {
    const run = new Uint8Array(count)
    for (let at = 0; at < count; at++) run[at] = this.next() >>> 24
    return run
  }
}
