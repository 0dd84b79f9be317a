// Items of BEP 44 that others put here: bounded in all and per machine, forgotten after two hours.
import { toHex } from '../bytes/index.ts'
import { KRPC_ERROR } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { sharedBits } from './id.ts'
import { copyItem } from './item.ts'
import type { PlaceKey } from './place.ts'
import type { Item, Key } from './words.ts'

export const ITEMS_MAX = 4096
export const ITEMS_PER_HOST_MAX = 64
/** @see BEP 44: items are republished every hour and may be dropped after two. */
export const ITEM_LIFE_MS = 7_200_000

interface Stored {
  readonly item: Item
  readonly target: Key
  readonly host: PlaceKey
  readonly atMs: Millis
}

export class ItemStore {
  /** Oldest first. */
  readonly #items = new Map<string, Stored>()
  readonly #perHost = new Map<PlaceKey, number>()

  get size(): number {
    return this.#items.size
  }

  get(nowMs: Millis, target: Key): Item | undefined {
    const stored = this.#items.get(toHex(target))
    return stored !== undefined && nowMs - stored.atMs < ITEM_LIFE_MS ? stored.item : undefined
  }

  /**
   * Keeps `item`, whose signature the caller has checked.
   *
   * @param ownId nearer items are kept rather than farther ones.
   * @returns the code of the error that refuses it, or `undefined`.
   */
  put(nowMs: Millis, item: Item, from: PutContext): number | undefined {
    const { target, host, cas, ownId } = from
    const name = toHex(target)
    this.#expire(nowMs)
    const before = this.#items.get(name)
    const fault = before === undefined ? undefined : sequenceFault(before.item, item, cas)
    if (fault !== undefined) return fault
    if (before !== undefined) this.#remove(name, before)
    if ((this.#perHost.get(host) ?? 0) >= ITEMS_PER_HOST_MAX) return KRPC_ERROR.server
    if (this.#items.size >= ITEMS_MAX) this.#removeFarthest(ownId)
    this.#items.set(name, { item: copyItem(item), target: target.slice(), host, atMs: nowMs })
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1)
    return undefined
  }

  #expire(nowMs: Millis): void {
    for (const [name, stored] of this.#items) {
      if (nowMs - stored.atMs < ITEM_LIFE_MS) return
      this.#remove(name, stored)
    }
  }

  /** What is far from us is others' to keep. */
  #removeFarthest(ownId: Key): void {
    let farthest: [string, Stored] | undefined
    let leastBits = Number.POSITIVE_INFINITY
    for (const entry of this.#items) {
      const bits = sharedBits(ownId, entry[1].target)
      if (bits >= leastBits) continue
      leastBits = bits
      farthest = entry
    }
    if (farthest !== undefined) this.#remove(...farthest)
  }

  #remove(name: string, { host }: Stored): void {
    this.#items.delete(name)
    const left = (this.#perHost.get(host) as number) - 1
    if (left === 0) this.#perHost.delete(host)
    else this.#perHost.set(host, left)
  }
}

export interface PutContext {
  readonly target: Key
  readonly host: PlaceKey
  /** The sequence number that the stored item must have. */
  readonly cas: bigint | undefined
  readonly ownId: Key
}

function sequenceFault(before: Item, after: Item, cas: bigint | undefined): number | undefined {
  if (before.mutable === undefined || after.mutable === undefined) return undefined
  const stored = before.mutable.sequence
  if (cas !== undefined && cas !== stored) return KRPC_ERROR.casMismatch
  return after.mutable.sequence < stored ? KRPC_ERROR.sequenceTooOld : undefined
}
