// Which page is handed out next. A cycle names every page once, in an order that is drawn as it goes:
// all nodes are named equally often, and no visitor can know or steer what the next one gets.
import type { KeyedHash } from './keyed-hash.ts'

export class HandOut {
  readonly #hash: KeyedHash
  /** A permutation of the pages; those before `#cursor` had their turn in this cycle. */
  #order = new Uint32Array(64)
  #size = 0
  #cursor = 0
  #draws = 0

  constructor(hash: KeyedHash) {
    this.#hash = hash
  }

  /** A whole number `0..limit-1`, which nobody can foresee. */
  below(limit: number): number {
    this.#draws = (this.#draws + 1) % 0x1_0000_0000_0000
    const luck = this.#hash.place(this.#draws, Math.floor(this.#draws / 0x1_0000_0000))
    return Math.floor((luck / 0x1_0000_0000) * limit)
  }

  /** The next of `pages` pages, which may have become more or fewer since; `pages` is at least 1. */
  next(pages: number): number {
    while (this.#size < pages) this.#append()
    for (;;) {
      if (this.#cursor >= this.#size) this.#startCycle(pages)
      const page = this.#draw()
      // A page that went when nodes left is only passed over; it may come back in this cycle.
      if (page < pages) return page
    }
  }

  #draw(): number {
    const order = this.#order
    const chosen = this.#cursor + this.below(this.#size - this.#cursor)
    const page = order[chosen] as number
    order[chosen] = order[this.#cursor] as number
    order[this.#cursor++] = page
    return page
  }

  #append(): void {
    if (this.#size === this.#order.length) {
      const larger = new Uint32Array(this.#order.length * 2)
      larger.set(this.#order)
      this.#order = larger
    }
    this.#order[this.#size] = this.#size
    this.#size++
  }

  #startCycle(pages: number): void {
    this.#cursor = 0
    if (this.#size === pages) return
    this.#size = pages
    for (let page = 0; page < pages; page++) this.#order[page] = page
  }
}
