// What a serving node does unasked: it enters the network, keeps its buckets fresh, asks silent entries
// whether they are still there, and asks strangers that query it for an answer before they count as nodes.
import type { Luck, Millis } from '../world/index.ts'
import { keyNear } from './id.ts'
import type { Query, QueryOwner } from './rpc.ts'
import type { RoutingTable } from './table.ts'
import { candidateOf } from './walk.ts'
import type { Contact, Key } from './words.ts'

const PERIOD_MS = 5000
/** An entry silent for this long is asked. @see BEP 5: good for 15 minutes */
const SILENCE_LIMIT_MS = 600_000
const BUCKET_LIFE_MS = 900_000
/** Until the table holds this many, the node enters the network again and again. */
const TABLE_MIN = 8
/** Between two such entries: the first soon, because the network may be as young as we are. */
const ENTRY_PAUSE_START_MS = 1000
const ENTRY_PAUSE_MAX_MS = 60_000
const SAVE_PERIOD_MS = 300_000
/** Strangers asked in a second, or a flood of made-up senders would make us a source of one. */
export const STRANGERS_PER_SECOND_MAX = 20

export interface UpkeepHost {
  readonly luck: Luck
  readonly tables: readonly RoutingTable[]
  refresh(nowMs: Millis, target: Key): void
  ping(nowMs: Millis, contact: Contact, owner: QueryOwner): void
  save(nowMs: Millis): void
}

export class Upkeep implements QueryOwner {
  readonly #host: UpkeepHost
  #dueMs: Millis = 0
  #entryAtMs: Millis = 0
  #entryPauseMs: Millis = ENTRY_PAUSE_START_MS
  #savedMs: Millis | undefined
  #strangers = STRANGERS_PER_SECOND_MAX
  #strangersMs: Millis = 0

  constructor(host: UpkeepHost) {
    this.#host = host
  }

  get dueMs(): Millis {
    return this.#dueMs
  }

  wake(nowMs: Millis): void {
    if (nowMs < this.#dueMs) return
    this.#dueMs = nowMs + PERIOD_MS
    this.#savedMs ??= nowMs
    this.#enter(nowMs)
    for (const table of this.#host.tables) this.#keep(nowMs, table)
    if (nowMs - this.#savedMs < SAVE_PERIOD_MS) return
    this.#savedMs = nowMs
    this.#host.save(nowMs)
  }

  /** The own id is another: its neighbourhood is to be met anew, soon. */
  enterAgain(): void {
    this.#entryAtMs = 0
    this.#entryPauseMs = ENTRY_PAUSE_START_MS
  }

  /** Meets the nodes nearest to us: at first, after a move, and while we know hardly anybody. */
  #enter(nowMs: Millis): void {
    const lonely = this.#host.tables.filter(({ size }) => size < TABLE_MIN)
    const isFirst = this.#entryAtMs === 0
    if (!isFirst && lonely.length > 0) this.#dueMs = Math.min(this.#dueMs, this.#entryAtMs)
    if (nowMs < this.#entryAtMs || (!isFirst && lonely.length === 0)) return
    this.#entryAtMs = nowMs + this.#entryPauseMs
    this.#entryPauseMs = Math.min(this.#entryPauseMs * 2, ENTRY_PAUSE_MAX_MS)
    this.#dueMs = Math.min(this.#dueMs, this.#entryAtMs)
    for (const { ownId } of isFirst ? this.#host.tables : lonely) this.#host.refresh(nowMs, ownId)
  }

  #keep(nowMs: Millis, table: RoutingTable): void {
    const doubtful = table.doubtful(nowMs - SILENCE_LIMIT_MS)
    if (doubtful !== undefined) this.#host.ping(nowMs, doubtful, this)
    const bucket = table.takeStaleBucket(nowMs - BUCKET_LIFE_MS, nowMs)
    if (bucket !== undefined) this.#refreshBucket(nowMs, table.ownId, bucket)
  }

  #refreshBucket(nowMs: Millis, ownId: Key, bucket: number): void {
    const key = keyNear(ownId, bucket, this.#host.luck)
    // The first bit beyond the shared ones differs, or the key would lie in a deeper bucket.
    const bit = 0x80 >> (bucket & 7)
    const own = (ownId[bucket >> 3] as number) & bit
    key[bucket >> 3] = ((key[bucket >> 3] as number) & ~bit) | (own ^ bit)
    this.#host.refresh(nowMs, key)
  }

  /** Whether another stranger may be asked for a sign of life now; takes it from what is left. */
  takeStranger(nowMs: Millis): boolean {
    const gained = ((nowMs - this.#strangersMs) * STRANGERS_PER_SECOND_MAX) / 1000
    this.#strangersMs = nowMs
    this.#strangers = Math.min(STRANGERS_PER_SECOND_MAX, this.#strangers + gained)
    if (this.#strangers < 1) return false
    this.#strangers--
    return true
  }

  // What pings bring, the table hears from the node itself.
  answered(): void {}
  refused(): void {}
  stalled(): void {}
  silent(_nowMs: Millis, _query: Query): void {}
}

/** The subject of a ping. */
export const pinged = ({ id, address }: Contact) => candidateOf(id, address, undefined)
