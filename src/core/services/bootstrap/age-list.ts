// A queue through the rows of a store, oldest first, from which any row may leave: who is due next is
// always at its head, and nobody is searched for.
import { NONE, type NodeStore } from './node-store.ts'

export class AgeList {
  readonly #store: NodeStore
  #oldest = NONE
  #youngest = NONE
  #count = 0

  constructor(store: NodeStore) {
    this.#store = store
  }

  /** The position of the oldest, or `NONE`. */
  get oldest(): number {
    return this.#oldest
  }

  /** The position of the youngest, or `NONE`. */
  get youngest(): number {
    return this.#youngest
  }

  get count(): number {
    return this.#count
  }

  /** Puts a row that is in no list at the young end. */
  add(position: number): void {
    this.#link(this.#youngest, position)
    this.#link(position, NONE)
    this.#count++
  }

  remove(position: number): void {
    const chunk = this.#store.chunkOf(position)
    const row = this.#store.rowOf(position)
    this.#link(chunk.older[row] as number, chunk.younger[row] as number)
    this.#count--
  }

  /** Tells the list that the row at `to` is the one that its neighbours know as another position. */
  moved(to: number): void {
    const chunk = this.#store.chunkOf(to)
    const row = this.#store.rowOf(to)
    this.#link(chunk.older[row] as number, to)
    this.#link(to, chunk.younger[row] as number)
  }

  /** Makes `older` and `younger` neighbours; `NONE` stands for the end of the list. */
  #link(older: number, younger: number): void {
    if (older === NONE) this.#oldest = younger
    else this.#store.chunkOf(older).younger[this.#store.rowOf(older)] = younger
    if (younger === NONE) this.#youngest = older
    else this.#store.chunkOf(younger).older[this.#store.rowOf(younger)] = older
  }
}
