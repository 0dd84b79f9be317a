// What a node keeps from one session to the next: the endpoints and ids of nodes that answered. They are
// remembered, not trusted: they enter the table again when they answer again.
import {
  BENCODE_VALUE_LIMITS,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
  packContacts,
  parseContacts,
  WireError,
} from '../wire/index.ts'
import { FAMILIES, type Family, IP_SIZE } from './family.ts'
import { compareDistance } from './id.ts'
import { isUsable } from './place.ts'
import type { Contact, Key } from './words.ts'

/** Nodes kept per family; a table rarely has more. */
export const REMEMBERED_MAX = 512

export class NodeMemory {
  readonly #contacts = new Map<Family, Contact[]>()
  readonly #sizes = new Map<Family, number>()

  /** @param saved what `save` made; anything unreadable counts as nothing, since a file may be torn. */
  constructor(saved: Uint8Array | undefined, allowPrivate: boolean) {
    for (const family of FAMILIES) {
      const contacts = saved === undefined ? [] : read(saved, family)
      const size = saved === undefined ? undefined : readSize(saved, family)
      if (size !== undefined) this.#sizes.set(family, size)
      const usable = contacts.filter(({ address }) => isUsable(address, allowPrivate))
      this.#contacts.set(family, usable.slice(0, REMEMBERED_MAX))
    }
  }

  /** The `count` nearest to `target`, nearest first. */
  closest(family: Family, target: Key, count: number): Contact[] {
    return this.of(family)
      .toSorted((a, b) => compareDistance(target, a.id, b.id))
      .slice(0, count)
  }

  /** How many nodes the network had. */
  sizeOf(family: Family): number | undefined {
    return this.#sizes.get(family)
  }

  of(family: Family): readonly Contact[] {
    return this.#contacts.get(family) as Contact[]
  }

  /** Forgets whoever `isGone` says has answered or failed to. */
  forget(family: Family, isGone: (contact: Contact) => boolean): void {
    const kept = this.of(family).filter(contact => !isGone(contact))
    this.#contacts.set(family, kept)
  }
}

export interface Remembered {
  readonly contacts: readonly Contact[]
  /** How many nodes the network has, about. */
  readonly size: number | undefined
}

/** The bytes to be kept: bencode `{nodes, nodes6, size, size6}`, nodes in compact form. */
export function encodeMemory(sides: Readonly<Record<Family, Remembered>>): Uint8Array {
  const { ipv4, ipv6 } = sides
  const whole = (size: number | undefined) => (size === undefined ? undefined : Math.round(size))
  return encodeBencode({
    nodes: packContacts(ipv4.contacts.slice(0, REMEMBERED_MAX), 4),
    nodes6: packContacts(ipv6.contacts.slice(0, REMEMBERED_MAX), 16),
    size: whole(ipv4.size),
    size6: whole(ipv6.size),
  })
}

function read(saved: Uint8Array, family: Family): Contact[] {
  const compact = member(saved, family === 'ipv4' ? 'nodes' : 'nodes6')
  return compact instanceof Uint8Array ? parseContacts(compact, IP_SIZE[family]) : []
}

function readSize(saved: Uint8Array, family: Family): number | undefined {
  const size = member(saved, family === 'ipv4' ? 'size' : 'size6')
  return typeof size === 'number' ? size : undefined
}

function member(saved: Uint8Array, key: string): BencodeValue | undefined {
  try {
    const value = decodeBencode(saved, BENCODE_VALUE_LIMITS)
    return value instanceof Map ? value.get(key) : undefined
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}
