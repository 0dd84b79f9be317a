// What a freerider may say, message by message: docs/freerider.md as checks that fail at the first word too
// many. The simulator's wiretap feeds them its packets, the end-to-end test those of a real capture.
import { equalBytes } from '../src/core/bytes/index.ts'
import {
  decodeExtensionHandshake,
  decodeHandshake,
  decodeKrpc,
  decodeMetadataMessage,
  FrameReader,
  HANDSHAKE_BYTES,
  type MessageVisitor,
} from '../src/core/wire/index.ts'

/** All that is asked of the DHT: nothing is stored there. */
const QUESTIONS: ReadonlySet<string> = new Set(['ping', 'find_node', 'get_peers'])

const fail = (what: string): never => {
  throw new Error(`the freerider sent ${what}`)
}

/** Every message of one connection, as the peer would read it. */
export class FreeriderStream implements MessageVisitor {
  readonly #frames = new FrameReader(this)
  #head = new Uint8Array(0)
  #isGreeted = false
  readonly #peerIds: Map<string, Uint8Array>

  /** @param peerIds by infohash, shared by the streams of one session and filled by them. */
  constructor(peerIds: Map<string, Uint8Array>) {
    this.#peerIds = peerIds
  }

  /**
   * Takes the next bytes that the freerider sent, which are lent.
   *
   * @throws Error at the first message that says too much.
   */
  read(bytes: Uint8Array): void {
    let rest = bytes
    if (!this.#isGreeted) {
      const head = new Uint8Array(this.#head.length + bytes.length)
      head.set(this.#head)
      head.set(bytes, this.#head.length)
      this.#head = head
      if (head.length < HANDSHAKE_BYTES) return
      this.#isGreeted = true
      this.#checkHandshake(head)
      rest = head.subarray(HANDSHAKE_BYTES)
    }
    this.#frames.feed(rest)
  }

  #checkHandshake(bytes: Uint8Array): void {
    const { infohash, peerId, hasDht } = decodeHandshake(bytes)
    if (hasDht) fail('the bit of a DHT node')
    if (peerId[0] === 0x2d && peerId[7] === 0x2d) fail('a peer id with a client name')
    const key = infohash.join()
    for (const [other, id] of this.#peerIds) {
      if (other !== key && equalBytes(id, peerId)) fail('one peer id for two torrents')
    }
    this.#peerIds.set(key, peerId)
  }

  onExtended(extensionId: number, payload: Uint8Array): void {
    if (extensionId === 0) {
      const said = decodeExtensionHandshake(payload)
      if (said.client !== undefined) fail('a client name (v)')
      if (said.port !== undefined) fail('a listening port (p)')
      if (said.yourIp !== undefined) fail('yourip')
      if (said.requestsMax !== undefined) fail('reqq')
      if (said.extensions.has('ut_pex')) fail('word that it exchanges peers')
      return
    }
    let message: ReturnType<typeof decodeMetadataMessage>
    try {
      message = decodeMetadataMessage(payload)
    } catch {
      message = fail('an extension message that is no request for metadata')
    }
    if (message?.kind === 'data') fail('metadata')
  }

  onBitfield(): void {
    fail('a bitfield')
  }

  onHave(): void {
    fail('have')
  }

  onHaveAll(): void {
    fail('have_all')
  }

  onUnchoke(): void {
    fail('unchoke')
  }

  onPieceStart(): void {
    fail('a piece')
  }

  onPort(): void {
    fail('port')
  }

  onAllowedFast(): void {
    fail('allowed_fast')
  }

  onHashes(): void {
    fail('hashes')
  }

  onKeepAlive(): void {}
  onChoke(): void {}
  onInterested(): void {}
  onNotInterested(): void {}
  onRequest(): void {}
  onCancel(): void {}
  onSuggest(): void {}
  onHaveNone(): void {}
  onReject(): void {}
  onHashRequest(): void {}
  onHashReject(): void {}
  onPieceBytes(): void {}
  onPieceEnd(): void {}
  onUnknown(): void {}
}

/** @throws Error unless the datagram is a question that a read-only DHT node without a name may ask. */
export function checkDatagram(bytes: Uint8Array): void {
  const message = decodeKrpc(bytes)
  if (message.version !== undefined) fail('its version in the DHT')
  if (message.kind !== 'query') fail(`a DHT ${message.kind}`)
  else if (!message.isReadOnly) fail('a DHT query without ro=1')
  else if (!QUESTIONS.has(message.method)) fail(message.method)
}
