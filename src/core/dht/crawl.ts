// Walks that measure: how many peers an infohash has, and which infohashes nodes keep.
import type { KrpcResponse } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { wantOf } from './family.ts'
import { KEY_SIZE } from './id.ts'
import type { Question } from './rpc.ts'
import { FILTER_SIZE_BYTES, filterEstimate, mergeFilter } from './scrape.ts'
import { Task, type TaskHost } from './task.ts'
import type { Candidate } from './walk.ts'
import type { Key, SampleCommand, ScrapeCommand, TaskId } from './words.ts'

const CRAWL_IN_FLIGHT = 8
/** Room for two filters in an answer of twice the query. */
const FILTER_PADDING_BYTES = 300

/** @see BEP 33 */
export class Scrape extends Task {
  readonly #task: TaskId
  readonly #seeds = new Uint8Array(FILTER_SIZE_BYTES)
  readonly #peers = new Uint8Array(FILTER_SIZE_BYTES)
  #filters = 0

  constructor(host: TaskHost, command: ScrapeCommand) {
    super(host, { target: command.infohash.slice(), inFlightMax: CRAWL_IN_FLIGHT })
    this.#task = command.task
  }

  protected override bitsFor(): number {
    return KEY_SIZE * 8
  }

  protected questionFor(): Question {
    return {
      method: 'get_peers',
      infohash: this.target,
      isNoSeed: false,
      isScrape: true,
      want: wantOf(this.host.families),
      paddingBytes: FILTER_PADDING_BYTES,
    }
  }

  protected heard(_nowMs: Millis, _subject: Candidate, response: KrpcResponse): void {
    const { seedFilter, peerFilter } = response
    if (seedFilter !== undefined) mergeFilter(this.#seeds, seedFilter)
    if (peerFilter !== undefined) mergeFilter(this.#peers, peerFilter)
    if (seedFilter !== undefined || peerFilter !== undefined) this.#filters++
  }

  protected walked(nowMs: Millis): void {
    this.noteSizes()
    this.host.notify({
      kind: 'scraped',
      ...this.end(this.#task),
      seeds: Math.round(filterEstimate(this.#seeds)),
      peers: Math.round(filterEstimate(this.#peers)),
      filters: this.#filters,
    })
    this.host.finished(nowMs, this)
  }
}

/** @see BEP 51 */
export class Sample extends Task {
  readonly #task: TaskId

  constructor(host: TaskHost, command: SampleCommand) {
    super(host, { target: command.target.slice(), inFlightMax: CRAWL_IN_FLIGHT })
    this.#task = command.task
  }

  protected questionFor(): Question {
    return { method: 'sample_infohashes', target: this.target, want: wantOf(this.host.families) }
  }

  protected heard(_nowMs: Millis, { address }: Candidate, response: KrpcResponse): void {
    const { samples, sampleTotal } = response
    if (samples === undefined) return
    const infohashes: Key[] = []
    for (let at = 0; at < samples.length; at += KEY_SIZE) {
      infohashes.push(samples.slice(at, at + KEY_SIZE))
    }
    const from = { id: response.id.slice(), address }
    const total = sampleTotal ?? infohashes.length
    this.host.notify({ kind: 'samples', task: this.#task, from, infohashes, total })
  }

  protected walked(nowMs: Millis): void {
    this.noteSizes()
    this.host.notify({ kind: 'sampled', ...this.end(this.#task) })
    this.host.finished(nowMs, this)
  }
}
