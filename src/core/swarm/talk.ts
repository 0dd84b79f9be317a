// What is said to a peer right after the handshake, and the extension messages (BEP 9, 10, 11, 54).
// A freerider says the least that works: `have_none`, and an extension handshake without name or address.
import {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodePex,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  METADATA_PIECE_BYTES,
  type MetadataMessage,
  type PexMessage,
  writeBitfield,
  writeExtended,
  writeSignal,
} from '../wire/index.ts'
import type { MetadataFetch } from './metadata.ts'
import type { Peer } from './peer.ts'
import type { Discretion } from './words.ts'

/** Our numbers of the extensions; others use the same ones, so that they name nobody. */
const OUR_PEX = 1
const OUR_METADATA = 2
const OUR_DONT_HAVE = 7
/** What BEP 3 clients keep waiting when they do not say `reqq`. */
const REQUESTS_UNSAID = 250
/** PEX messages read in this time: BEP 11 sends one a minute. */
const PEX_EVERY_MS = 30_000

export interface TalkHost {
  readonly discretion: Discretion
  /** While the metadata is being fetched. */
  readonly metadata: MetadataFetch | undefined
  /** The info dictionary, once known. */
  readonly info: Uint8Array | undefined
  /** What we have, for peers that may know; `undefined` where nothing is shared. */
  readonly shared: { readonly bits: Uint8Array; readonly isEmpty: boolean } | undefined
  metadataChunk(peer: Peer, index: number, bytes: Uint8Array): void
  dontHave(peer: Peer, piece: number): void
  peersFrom(message: PexMessage): void
}

/** The first messages to a peer whose handshake has come. */
export function greet(peer: Peer, host: TalkHost): void {
  const { shared } = host
  const hasNothing = shared === undefined || shared.isEmpty
  if (hasNothing && peer.hasFast) writeSignal(peer.writer, 'haveNone')
  if (!hasNothing) writeBitfield(peer.writer, shared.bits)
  if (!peer.hasExtensions) return
  const { discretion, info } = host
  const extensions = new Map<string, number>([['lt_donthave', OUR_DONT_HAVE]])
  extensions.set('ut_metadata', OUR_METADATA)
  if (discretion.exchangesPeers) extensions.set('ut_pex', OUR_PEX)
  const metadataSize = discretion.servesMetadata ? info?.length : undefined
  const payload = encodeExtensionHandshake({ extensions, metadataSize, isUploadOnly: false })
  writeExtended(peer.writer, 0, payload)
}

/** An extension message came. @throws WireError for one that no peer may send. */
export function extended(peer: Peer, host: TalkHost, id: number, payload: Uint8Array): void {
  if (id === 0) extensionHandshake(peer, host, payload)
  else if (id === OUR_METADATA) metadataMessage(peer, host, payload)
  else if (id === OUR_DONT_HAVE) host.dontHave(peer, decodeDontHave(payload))
  else if (id === OUR_PEX && host.discretion.exchangesPeers) pexMessage(peer, host, payload)
}

/** Asks `peer` for the chunks of the metadata that are its to send now. */
export function askMetadata(peer: Peer, metadata: MetadataFetch, nowMs: number): void {
  if (peer.metadataId === 0 || peer.phase !== 'open') return
  for (const piece of metadata.ask(nowMs, peer.number)) say(peer, { kind: 'request', piece })
}

function extensionHandshake(peer: Peer, host: TalkHost, payload: Uint8Array): void {
  const said = decodeExtensionHandshake(payload)
  peer.metadataId = said.extensions.get('ut_metadata') ?? peer.metadataId
  peer.pexId = said.extensions.get('ut_pex') ?? peer.pexId
  peer.pipeline.limitTo(said.requestsMax ?? REQUESTS_UNSAID)
  const { metadata } = host
  if (metadata === undefined || peer.metadataId === 0) return
  if (said.metadataSize !== undefined) metadata.offer(peer.number, said.metadataSize)
  askMetadata(peer, metadata, peer.nowMs)
}

function metadataMessage(peer: Peer, host: TalkHost, payload: Uint8Array): void {
  const message = decodeMetadataMessage(payload)
  if (message?.kind === 'request') answerMetadata(peer, host, message.piece)
  else if (message?.kind === 'reject') host.metadata?.gone(peer.number)
  else if (message?.kind === 'data') host.metadataChunk(peer, message.piece, message.bytes)
}

function answerMetadata(peer: Peer, host: TalkHost, piece: number): void {
  if (peer.metadataId === 0) return
  const { info } = host
  const begin = piece * METADATA_PIECE_BYTES
  if (!host.discretion.servesMetadata || info === undefined || begin >= info.length) {
    say(peer, { kind: 'reject', piece })
    return
  }
  const bytes = info.subarray(begin, begin + METADATA_PIECE_BYTES)
  say(peer, { kind: 'data', piece, totalSize: info.length, bytes })
}

function pexMessage(peer: Peer, host: TalkHost, payload: Uint8Array): void {
  if (peer.nowMs - peer.pexReadAtMs < PEX_EVERY_MS) return
  peer.pexReadAtMs = peer.nowMs
  host.peersFrom(decodePex(payload))
}

function say(peer: Peer, message: MetadataMessage): void {
  writeExtended(peer.writer, peer.metadataId, encodeMetadataMessage(message))
}
