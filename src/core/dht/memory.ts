// What a node keeps from one session to the next: the endpoints and ids of nodes that answered. They are
// remembered, not trusted: they enter the table again when they answer again.
import {
  BENCODE_VALUE_LIMITS,
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

  /** @param saved what `save` made; anything unreadable counts as nothing, since a file may be torn. */
  constructor(saved: Uint8Array | undefined, allowPrivate: boolean) {
    for (const family of FAMILIES) {
      const contacts = saved === undefined ? [] : read(saved, family)
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

  of(family: Family): readonly Contact[] {
    return this.#contacts.get(family) as Contact[]
  }

  /** Forgets whoever `isGone` says has answered or failed to. */
  forget(family: Family, isGone: (contact: Contact) => boolean): void {
    const kept = this.of(family).filter(contact => !isGone(contact))
    this.#contacts.set(family, kept)
  }
}

/** The bytes to be kept: bencode `{nodes, nodes6}` in compact form. */
export function encodeMemory(contacts: Readonly<Record<Family, readonly Contact[]>>): Uint8Array {
  return encodeBencode({
    nodes: packContacts(contacts.ipv4.slice(0, REMEMBERED_MAX), 4),
    nodes6: packContacts(contacts.ipv6.slice(0, REMEMBERED_MAX), 16),
  })
}

function read(saved: Uint8Array, family: Family): Contact[] {
  try {
    const value = decodeBencode(saved, BENCODE_VALUE_LIMITS)
    const compact = value instanceof Map ? value.get(family === 'ipv4' ? 'nodes' : 'nodes6') : null
    return compact instanceof Uint8Array ? parseContacts(compact, IP_SIZE[family]) : []
  } catch (error) {
    if (error instanceof WireError) return []
    throw error
  }
}
