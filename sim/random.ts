// All the chance of a run, from its seed: the same seed gives the same run, on every machine.
import type { Luck } from '../src/core/world/index.ts'

/** A seeded generator (xoshiro128**, Blackman and Vigna 2018): fast, with a period that no run ends. */
export class SeededLuck implements Luck {
  readonly #state = new Uint32Array(4)

  constructor(seed: number) {
    let word = seed >>> 0
    for (let index = 0; index < 4; index++) {
      word = (word + 0x9e3779b9) >>> 0
      let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
      this.#state[index] = mixed ^ (mixed >>> 16)
    }
  }

  /** An unsigned 32-bit word. */
  word(): number {
    const state = this.#state
    const [a, b, c, d] = state as unknown as [number, number, number, number]
    const mixed = Math.imul(b, 5)
    const word = Math.imul((mixed << 7) | (mixed >>> 25), 9) >>> 0
    const turned = d ^ b
    state[0] = a ^ turned
    state[1] = b ^ c ^ a
    state[2] = c ^ a ^ (b << 9)
    state[3] = (turned << 11) | (turned >>> 21)
    return word
  }

  below(limit: number): number {
    return Math.floor((this.word() / 0x1_0000_0000) * limit)
  }

  bytes(count: number): Uint8Array {
    const words = new Uint32Array((count + 3) >> 2)
    for (let index = 0; index < words.length; index++) words[index] = this.word()
    return new Uint8Array(words.buffer, 0, count)
  }

  /** 0 (included) to 1 (not included). */
  fraction(): number {
    return this.word() / 0x1_0000_0000
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** `low` to `high`, evenly. */
  between(low: number, high: number): number {
    return low + (high - low) * this.fraction()
  }

  /** A generator of its own, so that one host's draws do not move another's. */
  fork(): SeededLuck {
    return new SeededLuck(this.word())
  }
}
