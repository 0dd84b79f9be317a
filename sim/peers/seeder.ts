// A scripted peer: has a torrent, speaks the peer protocol with the product's own codecs, and behaves as
// its temper says. It keeps what the other side said, so that checks can look at it.
import { BitField, equalBytes } from '../../src/core/bytes/index.ts'
import type {
  ConnectionId,
  Luck,
  Machine,
  Millis,
  WorldEffect,
  WorldInput,
} from '../../src/core/world/index.ts'
import type { SourceTorrent } from '../torrents.ts'
import { SeederConnection } from './seeder-connection.ts'
import type { Temper } from './temper.ts'

/** What a seeder heard and did, over all of its connections. */
export interface SeederRecord {
  connections: number
  requests: number
  cancels: number
  /** Bytes of blocks that were sent, right or wrong. */
  sentBytes: number
  metadataRequests: number
  /** Message kinds that a freerider never sends, as they were heard. */
  readonly heard: Set<string>
}

export class Seeder implements Machine<WorldInput, WorldEffect> {
  readonly torrent: SourceTorrent
  readonly temper: Temper
  readonly luck: Luck
  readonly record: SeederRecord = {
    connections: 0,
    requests: 0,
    cancels: 0,
    sentBytes: 0,
    metadataRequests: 0,
    heard: new Set(),
  }
  readonly #connections = new Map<ConnectionId, SeederConnection>()
  #effects: WorldEffect[] = []

  constructor(torrent: SourceTorrent, temper: Temper, luck: Luck) {
    this.torrent = torrent
    this.temper = temper
    this.luck = luck
  }

  get wakeAtMs(): Millis {
    let dueMs = Number.POSITIVE_INFINITY
    for (const connection of this.#connections.values())
      dueMs = Math.min(dueMs, connection.wakeAtMs)
    return dueMs
  }

  step(nowMs: Millis, input: WorldInput): void {
    if (input.kind === 'tcp-accepted') {
      this.record.connections++
      this.#connections.set(input.connection, new SeederConnection(this, input.connection))
    } else if (input.kind === 'tcp-data')
      this.#connections.get(input.connection)?.receive(nowMs, input.bytes)
    else if (input.kind === 'tcp-drained') this.#connections.get(input.connection)?.drained(nowMs)
    else if (input.kind === 'tcp-closed') this.#connections.delete(input.connection)
    else if (input.kind === 'wake')
      for (const each of [...this.#connections.values()]) each.wake(nowMs)
  }

  drain(): WorldEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  knows(infohash: Uint8Array): boolean {
    return equalBytes(infohash, this.torrent.infohash)
  }

  field(): BitField {
    const field = new BitField(this.torrent.pieceCount)
    for (let piece = 0; piece < field.size; piece++) if (this.temper.has(piece)) field.add(piece)
    return field
  }

  send(connection: ConnectionId, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#effects.push({ kind: 'tcp-send', connection, bytes })
  }

  hangUp(connection: ConnectionId): void {
    this.#connections.delete(connection)
    this.#effects.push({ kind: 'tcp-close', connection })
  }
}
