// A KrpcMessage written as a datagram, keys in their order by hand: no tree of values is built.
import { type Address, assert, toCompact } from '../bytes/index.ts'
import { ByteWriter } from './byte-writer.ts'
import type { KrpcError, KrpcMessage, KrpcQuery, KrpcResponse, Want } from './krpc.ts'

// Encoding is synchronous and calls nobody back, so that one writer serves all datagrams.
const writer = new ByteWriter()

/**
 * The datagram that says `message`, freshly made.
 *
 * @throws AssertionError where an id, a target or an infohash is not 20 bytes: the caller's mistake.
 */
export function encodeKrpc(message: KrpcMessage): Uint8Array {
  // A message before may have failed halfway.
  writer.clear()
  writer.latin1('d')
  switch (message.kind) {
    case 'query':
      writeArguments(message)
      textMember('1:q', message.method === 'other' ? message.name : message.method)
      if (message.isReadOnly) writer.latin1('2:roi1e')
      writeEnd(message, '1:y1:qe')
      break
    case 'response':
      ipMember(message.ip)
      writeReturn(message)
      writeEnd(message, '1:y1:re')
      break
    case 'error':
      writeErrorList(message)
      ipMember(message.ip)
      writeEnd(message, '1:y1:ee')
      break
  }
  return writer.take()
}

function writeEnd(message: KrpcMessage, kind: string): void {
  bytesMember('1:t', message.transaction)
  bytesMember('1:v', message.version)
  writer.latin1(kind)
}

function writeArguments(query: KrpcQuery): void {
  writer.latin1('1:ad')
  switch (query.method) {
    case 'ping':
      idMember('2:id', query.id)
      break
    case 'find_node':
    case 'sample_infohashes':
      idMember('2:id', query.id)
      idMember('6:target', query.target)
      wantMember(query.want)
      break
    case 'get_peers':
      idMember('2:id', query.id)
      idMember('9:info_hash', query.infohash)
      if (query.isNoSeed) writer.latin1('6:noseedi1e')
      paddingMember(query.paddingBytes)
      if (query.isScrape) writer.latin1('6:scrapei1e')
      wantMember(query.want)
      break
    case 'announce_peer':
      idMember('2:id', query.id)
      if (query.isPortImplied) writer.latin1('12:implied_porti1e')
      idMember('9:info_hash', query.infohash)
      integerMember('4:port', query.port)
      if (query.isSeed) writer.latin1('4:seedi1e')
      bytesMember('5:token', query.token)
      break
    case 'get':
      idMember('2:id', query.id)
      paddingMember(query.paddingBytes)
      integerMember('3:seq', query.sequence)
      idMember('6:target', query.target)
      wantMember(query.want)
      break
    case 'put':
      integerMember('3:cas', query.mutable?.cas)
      idMember('2:id', query.id)
      bytesMember('1:k', query.mutable?.key)
      bytesMember('4:salt', query.mutable?.salt)
      integerMember('3:seq', query.mutable?.sequence)
      bytesMember('3:sig', query.mutable?.signature)
      bytesMember('5:token', query.token)
      rawMember('1:v', query.value)
      break
    case 'other':
      if (query.id !== undefined) idMember('2:id', query.id)
      if (query.target !== undefined) idMember('6:target', query.target)
      wantMember(query.want)
      break
  }
  writer.latin1('e')
}

function writeReturn(response: KrpcResponse): void {
  writer.latin1('1:rd')
  bytesMember('4:BFpe', response.peerFilter)
  bytesMember('4:BFsd', response.seedFilter)
  idMember('2:id', response.id)
  integerMember('8:interval', response.sampleIntervalSeconds)
  bytesMember('1:k', response.key)
  bytesMember('5:nodes', response.nodes)
  bytesMember('6:nodes6', response.nodes6)
  integerMember('3:num', response.sampleTotal)
  bytesMember('7:samples', response.samples)
  integerMember('3:seq', response.sequence)
  bytesMember('3:sig', response.signature)
  bytesMember('5:token', response.token)
  rawMember('1:v', response.value)
  if (response.peers !== undefined) {
    writer.latin1('6:valuesl')
    for (const peer of response.peers) writeCompact(peer)
    writer.latin1('e')
  }
  writer.latin1('e')
}

function writeErrorList(error: KrpcError): void {
  writer.latin1('1:eli')
  writer.decimal(error.code)
  writer.latin1('e')
  bytesMember('', new TextEncoder().encode(error.message))
  writer.latin1('e')
}

function ipMember(ip: Address | undefined): void {
  if (ip === undefined) return
  writer.latin1('2:ip')
  writeCompact(ip)
}

function writeCompact(address: Address): void {
  writer.latin1(address.ip.length === 4 ? '6:' : '18:')
  writer.bytes(toCompact(address))
}

function wantMember(want: Want | undefined): void {
  if (want === undefined) return
  writer.latin1(want === 'both' ? '4:wantl2:n42:n6e' : `4:wantl2:${want}e`)
}

function idMember(head: string, id: Uint8Array): void {
  assert(id.length === 20, 'an id is 20 bytes')
  bytesMember(head, id)
}

function bytesMember(head: string, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) return
  writer.latin1(head)
  writer.decimal(bytes.length)
  writer.latin1(':')
  writer.bytes(bytes)
}

function paddingMember(size: number | undefined): void {
  if (size !== undefined && size > 0) bytesMember('3:pad', new Uint8Array(size))
}

function textMember(head: string, text: string): void {
  writer.latin1(head)
  writer.decimal(text.length)
  writer.latin1(':')
  writer.latin1(text)
}

function integerMember(head: string, value: number | bigint | undefined): void {
  if (value === undefined) return
  writer.latin1(head)
  writer.latin1('i')
  writer.latin1(value.toString())
  writer.latin1('e')
}

/** A member whose value is bencoded already. */
function rawMember(head: string, bencoded: Uint8Array | undefined): void {
  if (bencoded === undefined) return
  writer.latin1(head)
  writer.bytes(bencoded)
}
