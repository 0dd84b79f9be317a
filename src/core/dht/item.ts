// Items of BEP 44: what their targets are, and whether an item is what its target says.
import { concatBytes, equalBytes } from '../bytes/index.ts'
import { ITEM_LIMIT_BYTES, SALT_LIMIT_BYTES, signedBytes } from '../wire/index.ts'
import type { Digests } from '../world/index.ts'
import type { Item, Key } from './words.ts'

/** Ed25519, given at construction: Node's crypto or another library. */
export interface Signatures {
  /** Whether `signature` (64 bytes) by `key` (32 bytes) fits `message`. Never throws. */
  verify(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean
}

/** The target of an immutable item: SHA-1 of its bencoded value. */
export function immutableTarget(value: Uint8Array, sha1: Digests['sha1']): Key {
  return sha1(value)
}

/** The target of a mutable item: SHA-1 of the public key and the salt. */
export function mutableTarget(
  key: Uint8Array,
  salt: Uint8Array | undefined,
  sha1: Digests['sha1'],
): Key {
  return sha1(salt === undefined ? key : concatBytes(key, salt))
}

export function targetOf(item: Item, sha1: Digests['sha1']): Key {
  const { mutable, value } = item
  if (mutable === undefined) return immutableTarget(value, sha1)
  return mutableTarget(mutable.key, mutable.salt, sha1)
}

/** Whether `item` may be kept or believed under `target`. */
export function isItemGood(
  item: Item,
  target: Key,
  tools: { readonly sha1: Digests['sha1']; readonly signatures: Signatures | undefined },
): boolean {
  const { mutable, value } = item
  if (value.length > ITEM_LIMIT_BYTES) return false
  if (!equalBytes(targetOf(item, tools.sha1), target)) return false
  if (mutable === undefined) return true
  if ((mutable.salt?.length ?? 0) > SALT_LIMIT_BYTES) return false
  const signed = signedBytes({ salt: mutable.salt, sequence: mutable.sequence, value })
  return tools.signatures?.verify(mutable.signature, signed, mutable.key) === true
}

/** Whether `after` is to replace `before`. */
export function isNewer(after: Item, before: Item | undefined): boolean {
  if (before === undefined) return true
  if (after.mutable === undefined || before.mutable === undefined) return false
  return after.mutable.sequence > before.mutable.sequence
}

/** A copy that owns its bytes. */
export function copyItem({ value, mutable }: Item): Item {
  if (mutable === undefined) return { value: value.slice() }
  const { key, signature, sequence, salt } = mutable
  return {
    value: value.slice(),
    mutable: {
      key: key.slice(),
      signature: signature.slice(),
      sequence,
      ...(salt === undefined ? {} : { salt: salt.slice() }),
    },
  }
}
