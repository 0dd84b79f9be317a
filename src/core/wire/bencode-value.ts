// Bencode as values: whole documents in and out, for what is small and rare. Hot decoders use the reader.
import { assert } from '../bytes/index.ts'
import { type BencodeLimits, type BencodeNode, BencodeReader } from './bencode.ts'
import { ByteWriter } from './byte-writer.ts'

/**
 * A bencoded value. Integers are numbers where they are exact and bigints beyond 2^53. Keys are Latin-1
 * text, each character a byte, so that any key survives and JavaScript's order is the byte order.
 */
export type BencodeValue =
  | number
  | bigint
  | Uint8Array
  | readonly BencodeValue[]
  | ReadonlyMap<string, BencodeValue>

/** What the encoder takes besides: text is written as UTF-8, members that are `undefined` are left out. */
export type BencodeInput =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly BencodeInput[]
  | ReadonlyMap<string, BencodeInput>
  | { readonly [key: string]: BencodeInput | undefined }

/** For documents of unknown make: nothing that is sent in one piece needs more. */
export const BENCODE_VALUE_LIMITS: BencodeLimits = {
  depthMax: 32,
  tokensMax: 65_536,
  keyOrder: 'sorted',
}

/**
 * The value that `bytes` spell, with copies of all strings.
 *
 * @throws WireError where they are no canonical bencode or exceed a limit: the writer's mistake.
 */
export function decodeBencode(
  bytes: Uint8Array,
  limits: BencodeLimits = BENCODE_VALUE_LIMITS,
): BencodeValue {
  const reader = new BencodeReader(limits)
  return valueAt(reader, reader.scan(bytes))
}

/** The value at `node`, strings copied. Recursion is bounded by the reader's `depthMax`. */
function valueAt(reader: BencodeReader, node: BencodeNode): BencodeValue {
  switch (reader.kind(node)) {
    case 'integer': {
      const exact = reader.bigInteger(node)
      const value = Number(exact)
      return Number.isSafeInteger(value) ? value : exact
    }
    case 'string':
      return reader.string(node).slice()
    case 'list':
      return [...reader.children(node)].map(child => valueAt(reader, child))
    case 'dictionary': {
      const members = new Map<string, BencodeValue>()
      for (const [key, value] of reader.entries(node)) {
        // The first of equal keys counts, as in `BencodeReader.find`.
        const name = reader.text(key)
        if (!members.has(name)) members.set(name, valueAt(reader, value))
      }
      return members
    }
  }
}

/**
 * The canonical bencoding of `value`, freshly made: keys sorted as bytes.
 *
 * @throws AssertionError on a fraction, a number beyond 2^53, or a key that is no Latin-1: our mistake.
 */
export function encodeBencode(value: BencodeInput): Uint8Array {
  const writer = new ByteWriter()
  write(writer, value)
  return writer.take()
}

function write(writer: ByteWriter, value: BencodeInput): void {
  if (typeof value === 'number' || typeof value === 'bigint') writeInteger(writer, value)
  else if (typeof value === 'string') writeString(writer, new TextEncoder().encode(value))
  else if (value instanceof Uint8Array) writeString(writer, value)
  else if (Array.isArray(value)) {
    writer.latin1('l')
    for (const item of value) write(writer, item)
    writer.latin1('e')
  } else {
    const entries = value instanceof Map ? [...value.entries()] : Object.entries(value)
    writeDictionary(writer, entries)
  }
}

function writeInteger(writer: ByteWriter, value: number | bigint): void {
  const isExact = typeof value === 'bigint' || Number.isSafeInteger(value)
  assert(isExact, 'a number that bencode cannot hold exactly')
  // Minus zero would read back as another value; as text it is "0".
  writer.latin1(`i${value.toString()}e`)
}

function writeString(writer: ByteWriter, bytes: Uint8Array): void {
  writer.decimal(bytes.length)
  writer.latin1(':')
  writer.bytes(bytes)
}

function writeDictionary(
  writer: ByteWriter,
  entries: readonly (readonly [string, BencodeInput | undefined])[],
): void {
  writer.latin1('d')
  for (const [key, value] of entries.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))) {
    if (value === undefined) continue
    writer.decimal(key.length)
    writer.latin1(`:${key}`)
    write(writer, value)
  }
  writer.latin1('e')
}
