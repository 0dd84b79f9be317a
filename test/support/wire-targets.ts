// The decoders of the wire as fuzz targets: each decodes, and where decoding is undone by an encoder, what
// was accepted must survive the way there and back.
import { deepStrictEqual } from 'node:assert/strict'
import {
  decodeBencode,
  decodeDontHave,
  decodeExtensionHandshake,
  decodeKrpc,
  decodeMetadataMessage,
  decodePex,
  encodeBencode,
  encodeExtensionHandshake,
  encodeKrpc,
  encodeMetadataMessage,
  encodePex,
  FrameReader,
  formatMagnet,
  HandshakeReader,
  type KeyExchange,
  MseInitiator,
  MseReceiver,
  type MseTools,
  parseMagnet,
  parseTorrentFile,
  pieceSizeAt,
  SkeyTable,
  visitFrame,
  WireError,
} from '../../src/core/wire/index.ts'
import type { FuzzTarget } from './fuzz.ts'
import { Dice, digests, toLatin1 } from './wire.ts'
import { Listener, speak } from './wire-messages.ts'

/** Whoever checks every way back spends more time there than in the decoder: one in so many is enough. */
const CHECK_EVERY = 16

export const FUZZ_INFOHASH = Uint8Array.from({ length: 20 }, (_, at) => at)

/** A key exchange that costs nothing and that both sides of the corpus use: everyone's secret is one. */
export const fuzzKeyExchange: KeyExchange = {
  publicKey: () => new Uint8Array(96).fill(3),
  sharedSecret: () => new Uint8Array(96).fill(5),
}

/** The same chance each time, so that the enciphered corpus stays true. */
export function fuzzTools(): MseTools {
  return { luck: new Dice(1), sha1: digests.sha1, keyExchange: fuzzKeyExchange }
}

export const fuzzInitiator = (): MseInitiator =>
  new MseInitiator(fuzzTools(), {
    infohash: FUZZ_INFOHASH,
    methods: ['rc4', 'plaintext'],
    payload: FUZZ_INFOHASH,
  })

const table = new SkeyTable(digests.sha1)
table.add(FUZZ_INFOHASH)

export const fuzzReceiver = (): MseReceiver =>
  new MseReceiver(fuzzTools(), { table, methods: ['rc4', 'plaintext'] })

export const targets: readonly FuzzTarget[] = [
  { name: 'bencode', decode: decodeAsBencode },
  { name: 'krpc', decode: decodeAsKrpc },
  { name: 'metainfo', decode: decodeAsMetainfo },
  { name: 'magnet', decode: decodeAsMagnet },
  { name: 'frames', decode: decodeAsStream },
  { name: 'messages', decode: decodeAsMessage },
  { name: 'extension', decode: decodeAsExtension },
  { name: 'mse', decode: decodeAsMse },
]

function decodeAsBencode(input: Uint8Array, dice: Dice): void {
  const value = decodeBencode(input)
  if (dice.below(CHECK_EVERY) === 0) deepStrictEqual(encodeBencode(value), input)
}

function decodeAsKrpc(input: Uint8Array, dice: Dice): void {
  const message = decodeKrpc(input)
  if (message.kind === 'query' && message.method === 'other') return
  // An error's text may have held what is no UTF-8, which comes back as other bytes.
  if (message.kind === 'error' || dice.below(CHECK_EVERY) !== 0) return
  deepStrictEqual(decodeKrpc(encodeKrpc(message)), message)
}

function decodeAsMetainfo(input: Uint8Array): void {
  const torrent = parseTorrentFile(input, digests)
  for (const piece of [0, torrent.pieceCount - 1]) {
    if (piece < 0 || piece >= torrent.pieceCount) continue
    const size = pieceSizeAt(torrent, piece)
    if (size < 1 || size > torrent.pieceSize) throw new Error(`piece ${piece} of ${size} bytes`)
  }
}

function decodeAsMagnet(input: Uint8Array, dice: Dice): void {
  // As bytes of a link and, now and then, as the text that the bytes spell.
  const text = dice.below(2) === 0 ? toLatin1(input) : new TextDecoder().decode(input)
  const magnet = parseMagnet(text)
  // A problem is a value here; to the fuzzer it is a refusal like any other.
  if ('problem' in magnet) throw new WireError(magnet.problem, 0)
  if (dice.below(CHECK_EVERY) !== 0) return
  deepStrictEqual(parseMagnet(formatMagnet(magnet)), magnet)
}

function decodeAsStream(input: Uint8Array, dice: Dice): void {
  const handshake = new HandshakeReader()
  const reader = new FrameReader(new Listener())
  let at = 0
  while (at < input.length) {
    const chunk = input.subarray(at, at + 1 + dice.below(200))
    const from = handshake.handshake === undefined ? handshake.feed(chunk) : 0
    reader.feed(chunk, from)
    at += chunk.length
  }
}

function decodeAsMessage(input: Uint8Array, dice: Dice): void {
  const listener = new Listener()
  visitFrame(listener, input)
  const [message] = listener.heard
  if (message === undefined) throw new Error('a message that nobody heard')
  if (message.kind === 'unknown' || dice.below(CHECK_EVERY) !== 0) return
  deepStrictEqual(speak(message), input)
}

/** The first byte says which of the payloads it is. */
function decodeAsExtension(input: Uint8Array, dice: Dice): void {
  const payload = input.subarray(1)
  const isChecked = dice.below(CHECK_EVERY) === 0
  switch ((input[0] ?? 0) % 4) {
    case 0: {
      const handshake = decodeExtensionHandshake(payload)
      const again = isChecked
        ? decodeExtensionHandshake(encodeExtensionHandshake(handshake))
        : handshake
      deepStrictEqual([...again.extensions].sort(), [...handshake.extensions].sort())
      break
    }
    case 1: {
      const message = decodeMetadataMessage(payload)
      if (message === undefined || !isChecked) break
      deepStrictEqual(decodeMetadataMessage(encodeMetadataMessage(message)), message)
      break
    }
    case 2: {
      const message = decodePex(payload)
      if (isChecked) deepStrictEqual(decodePex(encodePex(message)), message)
      break
    }
    default:
      decodeDontHave(payload)
  }
}

/** The first byte says which role hears the rest, the second how it is cut. */
function decodeAsMse(input: Uint8Array): void {
  const side = (input[0] ?? 0) % 2 === 0 ? fuzzReceiver() : fuzzInitiator()
  const step = 1 + (input[1] ?? 0) * 4
  for (let at = 2; at < input.length; at += step) {
    if (side.feed(input.subarray(at, at + step)).session !== undefined) return
  }
}
