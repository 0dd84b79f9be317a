// A swarm between scripted peers and a disk in memory: the test says what peers send, and sees what they
// are sent. Hashes and the disk answer at once; time passes only when the test says so.
import { SimDisk } from '../../sim/disk.ts'
import { SeededLuck } from '../../sim/random.ts'
import { makeTorrent, type SourceTorrent } from '../../sim/torrents.ts'
import { digests } from '../../sim/world.ts'
import { type Address, formatAddress } from '../../src/core/bytes/index.ts'
import {
  type Discretion,
  Swarm,
  type SwarmInput,
  type SwarmNotice,
  TokenBucket,
} from '../../src/core/swarm/index.ts'
import {
  ByteWriter,
  encodeHandshake,
  FrameReader,
  HANDSHAKE_BYTES,
  type Handshake,
  HandshakeReader,
  parseInfo,
  writePieceHead,
  writeSignal,
} from '../../src/core/wire/index.ts'
import type { ConnectionId } from '../../src/core/world/index.ts'
import { type Heard, type HeardOf, Listener } from './wire-messages.ts'

const BLOCK_BYTES = 16_384

export interface ScriptOptions {
  readonly pieces?: number
  readonly pieceSize?: number
  readonly connectionsMax?: number
  /** Starts from the infohash alone. */
  readonly isMagnet?: boolean
  readonly shares?: boolean
  /** 32 bytes: peers may name the torrent by the first 20 of them as well. */
  readonly infohash2?: Uint8Array
  readonly downLimit?: number
  readonly blocked?: (ip: Uint8Array) => boolean
}

/** One connection as the peer sees it. */
export class ScriptedPeer {
  readonly connection: ConnectionId
  readonly to: Address
  readonly listener = new Listener()
  isClosed = false
  /** `tcp-send`s, the handshake's included. */
  sends = 0
  /** Our handshake, once it has come. */
  handshake: Handshake | undefined
  #isGreeted = false
  readonly #frames = new FrameReader(this.listener)
  readonly #script: ScriptedSwarm

  constructor(script: ScriptedSwarm, connection: ConnectionId, to: Address) {
    this.#script = script
    this.connection = connection
    this.to = to
  }

  /** Everything that it was told after the handshake. */
  get heard(): readonly Heard[] {
    return this.listener.heard
  }

  heardOf<Kind extends Heard['kind']>(kind: Kind): HeardOf<Kind>[] {
    return this.heard.filter(message => message.kind === kind) as HeardOf<Kind>[]
  }

  receive(bytes: Uint8Array): void {
    this.sends++
    if (!this.#isGreeted) {
      const reader = new HandshakeReader()
      reader.feed(bytes)
      this.handshake = reader.handshake
    }
    this.#frames.feed(bytes, this.#isGreeted ? 0 : HANDSHAKE_BYTES)
    this.#isGreeted = true
  }

  /** The dial succeeds, and the peer shakes hands. */
  greet(infohash = this.#script.torrent.infohash): void {
    this.#script.step({ kind: 'tcp-open', connection: this.connection })
    this.shakeHands(infohash)
  }

  shakeHands(infohash = this.#script.torrent.infohash): void {
    this.sendBytes(
      encodeHandshake({
        infohash,
        peerId: new Uint8Array(20).fill(this.connection),
        hasDht: false,
        hasFast: true,
        hasExtensions: true,
        hasV2: false,
      }),
    )
  }

  /** As `greet`, then it has everything and lets us ask. */
  seed(): void {
    this.greet()
    this.say(writer => {
      writeSignal(writer, 'haveAll')
      writeSignal(writer, 'unchoke')
    })
  }

  say(write: (writer: ByteWriter) => void): void {
    const writer = new ByteWriter()
    write(writer)
    this.sendBytes(writer.take())
  }

  sendBytes(bytes: Uint8Array): void {
    this.#script.step({ kind: 'tcp-data', connection: this.connection, bytes })
  }

  sendBlock(piece: number, begin: number, bytes: Uint8Array): void {
    this.say(writer => {
      writePieceHead(writer, piece, begin, bytes.length)
      writer.bytes(bytes)
    })
  }

  /** Answers every request that it has not answered. `spoil` may change the bytes. */
  answer(spoil?: (piece: number, block: Uint8Array) => void): number {
    const requests = this.heardOf('request').slice(this.#answered)
    for (const { piece, begin, size } of requests) {
      if (this.isClosed) break
      this.#answered++
      const block = this.#script.blockAt(piece, begin, size).slice()
      spoil?.(piece, block)
      this.sendBlock(piece, begin, block)
    }
    return requests.length
  }
  #answered = 0
}

export class ScriptedSwarm {
  readonly torrent: SourceTorrent
  readonly swarm: Swarm
  readonly notices: SwarmNotice[] = []
  readonly peers: ScriptedPeer[] = []
  readonly disk: SimDisk
  nowMs = 0
  /** Hash requests wait here instead of being answered, when a test wants that. */
  heldHashes: (() => void)[] | undefined
  #connections = -1
  /** Even, where those that we dial are odd. */
  #accepted = 0
  #requests = 0

  constructor(options: ScriptOptions = {}) {
    const { pieces = 8, pieceSize = 4 * BLOCK_BYTES, connectionsMax = 20 } = options
    const luck = new SeededLuck(1)
    this.torrent = makeTorrent(luck, { fileSizes: [pieces * pieceSize - 100], pieceSize })
    this.disk = new SimDisk(luck, {})
    const { infohash, info } = this.torrent
    const shares = options.shares === true
    const discretion: Discretion = {
      servesMetadata: shares,
      servesPieces: shares,
      exchangesPeers: shares,
      told: () => {},
    }
    this.swarm = new Swarm(0, {
      source: {
        infohash,
        ...(options.infohash2 === undefined ? {} : { infohash2: options.infohash2 }),
        ...(options.isMagnet === true ? {} : { metainfo: parseInfo(info, digests) }),
      },
      options: {
        connectionsMax,
        sharing: shares ? { kind: 'full', ratio: Number.POSITIVE_INFINITY } : { kind: 'off' },
        storeLimitBytes: Number.POSITIVE_INFINITY,
      },
      luck,
      digests,
      discretion,
      downLimit: new TokenBucket(options.downLimit ?? Number.POSITIVE_INFINITY),
      upLimit: new TokenBucket(Number.POSITIVE_INFINITY),
      newConnection: () => {
        this.#connections += 2
        return this.#connections
      },
      newRequest: () => ++this.#requests,
      isBlocked: options.blocked ?? (() => false),
    })
    this.#perform()
  }

  blockAt(piece: number, begin: number, size: number): Uint8Array {
    const at = piece * this.torrent.pieceSize + begin
    return this.torrent.bytes.subarray(at, at + size)
  }

  step(input: SwarmInput): void {
    this.swarm.step(this.nowMs, input)
    this.#perform()
  }

  /** Time passes, with every wake-up on the way. */
  wait(milliseconds: number): void {
    const untilMs = this.nowMs + milliseconds
    while (this.swarm.wakeAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.swarm.wakeAtMs)
      this.step({ kind: 'wake' })
    }
    this.nowMs = untilMs
  }

  /** Names `count` peers; the swarm dials them. @returns those that it dialled. */
  add(count: number): ScriptedPeer[] {
    const known = this.peers.length
    const peers = Array.from(
      { length: count },
      (_, index): Address => ({
        ip: Uint8Array.of(10, 0, known, index + 1),
        port: 6881,
      }),
    )
    this.step({ kind: 'add-peers', peers })
    return this.peers.slice(known)
  }

  /** A peer dials the swarm; it has not said a word. */
  accept(from: Address): ScriptedPeer {
    this.#accepted += 2
    const peer = new ScriptedPeer(this, this.#accepted, from)
    this.peers.push(peer)
    this.step({ kind: 'tcp-accepted', connection: peer.connection, from })
    return peer
  }

  noticesOf<Kind extends SwarmNotice['kind']>(
    kind: Kind,
  ): Extract<SwarmNotice, { readonly kind: Kind }>[] {
    return this.notices.filter(notice => notice.kind === kind) as never
  }

  /** `10.0.0.1:6881 banned bad-piece` for each change of a peer. */
  get story(): string[] {
    return this.noticesOf('peer').map(({ address, state, reason }) =>
      [formatAddress(address), state, reason ?? ''].join(' ').trim(),
    )
  }

  #perform(): void {
    for (const effect of this.swarm.drain()) {
      switch (effect.kind) {
        case 'tcp-dial':
          this.peers.push(new ScriptedPeer(this, effect.connection, effect.to))
          break
        case 'tcp-send':
          this.#peer(effect.connection)?.receive(effect.bytes)
          break
        case 'tcp-close': {
          const peer = this.#peer(effect.connection)
          if (peer !== undefined) peer.isClosed = true
          break
        }
        case 'hash': {
          const { request, bytes } = effect
          const answer = () => this.step({ kind: 'hashed', request, digest: digests.sha1(bytes) })
          if (this.heldHashes === undefined) answer()
          else this.heldHashes.push(answer)
          break
        }
        case 'disk-read':
        case 'disk-write':
          this.step(this.disk.perform(effect, this.nowMs).answer())
          break
        case 'notify':
          this.notices.push(effect.notice)
          break
        default:
      }
    }
  }

  #peer(connection: ConnectionId): ScriptedPeer | undefined {
    return this.peers.find(peer => peer.connection === connection)
  }
}
