// Finds a node's row by its IP, and counts the rows of one network, in one table: rows of a network
// (/24 of IPv4, /48 of IPv6) share their place in it, so they stand in one run.
import { assert } from '../../bytes/index.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { ID_SIZE, NODES_LIMIT, type NodeStore } from './node-store.ts'

/** Each shard grows alone: a rehash of all of 10 million rows would stop the server for a second. */
const SHARDS = 256
const SHARD_START_SLOTS = 64
/** A shard doubles when more than this share of its slots is taken. */
const LOAD_LIMIT = 0.6

interface Shard {
  /** 0 for an empty slot, else (position + 1) * 256 + the tag of the row's network. */
  slots: Uint32Array
  used: number
}

/**
 * Open addressing with linear probing. One row per host: an IPv4 address, or the /64 of an IPv6 one,
 * since whoever has one address of a /64 has all of them.
 */
export class NodeIndex {
  readonly #store: NodeStore
  readonly #hash: KeyedHash
  readonly #shards: Shard[]

  constructor(store: NodeStore, hash: KeyedHash) {
    this.#store = store
    this.#hash = hash
    this.#shards = Array.from({ length: SHARDS }, () => ({
      slots: new Uint32Array(SHARD_START_SLOTS),
      used: 0,
    }))
  }

  /** Makes room for `count` rows in all, so that reading a snapshot rehashes nothing. */
  reserve(count: number): void {
    const wanted = count / SHARDS / LOAD_LIMIT
    for (const shard of this.#shards) {
      // Luck fills some shards more than others; those double once.
      while (shard.slots.length < wanted) this.#double(shard)
    }
  }

  /** The position of the row with the host of `ip[at..]`, or -1. */
  find(ip: Uint8Array, at: number): number {
    const place = this.#placeOf(ip, at)
    const slots = (this.#shards[place >>> 24] as Shard).slots
    const tag = tagOf(place)
    let slot = place & (slots.length - 1)
    for (let word = slots[slot] as number; word !== 0; word = slots[slot] as number) {
      if ((word & 0xff) === tag) {
        const position = (word >>> 8) - 1
        if (this.#isSameNetwork(position, ip, at) && this.#isSameHost(position, ip, at)) {
          return position
        }
      }
      slot = (slot + 1) & (slots.length - 1)
    }
    return -1
  }

  /** How many rows lie in the network of `ip[at..]`. */
  countNetwork(ip: Uint8Array, at: number): number {
    const place = this.#placeOf(ip, at)
    const slots = (this.#shards[place >>> 24] as Shard).slots
    const tag = tagOf(place)
    let count = 0
    let slot = place & (slots.length - 1)
    for (let word = slots[slot] as number; word !== 0; word = slots[slot] as number) {
      if ((word & 0xff) === tag && this.#isSameNetwork((word >>> 8) - 1, ip, at)) count++
      slot = (slot + 1) & (slots.length - 1)
    }
    return count
  }

  /** Notes the row at `position`, whose host is in no other row. */
  add(position: number): void {
    assert(position < NODES_LIMIT, 'a position beyond the index')
    const place = this.#placeOfRow(position)
    const shard = this.#shards[place >>> 24] as Shard
    if (shard.used + 1 > shard.slots.length * LOAD_LIMIT) this.#double(shard)
    shard.used++
    put(shard.slots, place, (position + 1) * 256 + tagOf(place))
  }

  /** Forgets the row at `position`, whose bytes are still there. */
  remove(position: number): void {
    const place = this.#placeOfRow(position)
    const shard = this.#shards[place >>> 24] as Shard
    shard.used--
    this.#close(shard.slots, slotOf(shard.slots, place, position))
  }

  /** Notes that the row at `from` is about to be copied to `to`. */
  move(from: number, to: number): void {
    const place = this.#placeOfRow(from)
    const slots = (this.#shards[place >>> 24] as Shard).slots
    const slot = slotOf(slots, place, from)
    slots[slot] = (to + 1) * 256 + ((slots[slot] as number) & 0xff)
  }

  /** Empties a slot and shifts back those behind it that would not be found over the gap. */
  #close(slots: Uint32Array, slot: number): void {
    const mask = slots.length - 1
    let gap = slot
    let next = (gap + 1) & mask
    for (let word = slots[next] as number; word !== 0; word = slots[next] as number) {
      const home = this.#placeOfRow((word >>> 8) - 1) & mask
      if (((next - home) & mask) >= ((next - gap) & mask)) {
        slots[gap] = word
        gap = next
      }
      next = (next + 1) & mask
    }
    slots[gap] = 0
  }

  #double(shard: Shard): void {
    const old = shard.slots
    shard.slots = new Uint32Array(old.length * 2)
    for (const word of old) {
      if (word !== 0) put(shard.slots, this.#placeOfRow((word >>> 8) - 1), word)
    }
  }

  #placeOfRow(position: number): number {
    return this.#placeOf(
      this.#store.chunkOf(position).bytes,
      this.#store.offsetOf(position) + ID_SIZE,
    )
  }

  /** The hash of a network: its top byte names the shard, its low bits the slot, the byte between is the tag. */
  #placeOf(ip: Uint8Array, at: number): number {
    const first =
      ((ip[at] as number) << 16) | ((ip[at + 1] as number) << 8) | (ip[at + 2] as number)
    if (this.#store.ipSize === 4) return this.#hash.place(first, 0)
    const second =
      ((ip[at + 3] as number) << 16) | ((ip[at + 4] as number) << 8) | (ip[at + 5] as number)
    return this.#hash.place(first, second)
  }

  #isSameNetwork(position: number, ip: Uint8Array, at: number): boolean {
    const bytes = this.#store.chunkOf(position).bytes
    const start = this.#store.offsetOf(position) + ID_SIZE
    const size = this.#store.ipSize === 4 ? 3 : 6
    for (let index = 0; index < size; index++) {
      if (bytes[start + index] !== ip[at + index]) return false
    }
    return true
  }

  #isSameHost(position: number, ip: Uint8Array, at: number): boolean {
    const bytes = this.#store.chunkOf(position).bytes
    const start = this.#store.offsetOf(position) + ID_SIZE
    if (this.#store.ipSize === 4) return bytes[start + 3] === ip[at + 3]
    return bytes[start + 6] === ip[at + 6] && bytes[start + 7] === ip[at + 7]
  }
}

/** 8 bits that tell most networks of a run apart without a look at their rows. */
const tagOf = (place: number): number => (place >>> 16) & 0xff

function put(slots: Uint32Array, place: number, word: number): void {
  let slot = place & (slots.length - 1)
  while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
  slots[slot] = word
}

function slotOf(slots: Uint32Array, place: number, position: number): number {
  let slot = place & (slots.length - 1)
  for (
    let word = slots[slot] as number;
    word >>> 8 !== position + 1;
    word = slots[slot] as number
  ) {
    assert(word !== 0, 'a row that the index does not know')
    slot = (slot + 1) & (slots.length - 1)
  }
  return slot
}
