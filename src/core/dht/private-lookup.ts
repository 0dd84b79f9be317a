// The private lookup: nodes on the way see a decoy that shares with the infohash only what they could guess
// from their own id, and at most 16 bits; the infohash itself goes to a few vetted nodes, once the walk is
// over. See docs/dht.md and attacks.md, "indexer".
import type { KrpcResponse } from '../wire/index.ts'
import type { Millis } from '../world/index.ts'
import { familyOf, wantOf } from './family.ts'
import { compareDistance, KEY_SIZE, sharedBits } from './id.ts'
import { LOOKUP_IN_FLIGHT, usablePeers } from './lookup.ts'
import { distanceShare } from './network-size.ts'
import type { QueryOwner, Question } from './rpc.ts'
import { Task, type TaskHost } from './task.ts'
import { Telling, TOLD_AT_ONCE, TOLD_MAX } from './telling.ts'
import { type Candidate, FARTHER_COUNT } from './walk.ts'
import type { Key, TaskId } from './words.ts'

/** Bits of the infohash that a decoy may share: 458 of 3*10^7 torrents share 16 with it. @see privacy.md */
export const DECOY_BITS_MAX = 16
/** What a node sees beyond the bits that its own id shares with the infohash. */
export const DECOY_BITS_BEYOND = 3
/** In a network of known size: who is nearer than this many nodes should be counts as one of the nearest. */
const REACH_COUNT = 8
/** In a network of unknown size: so many of the nearest must have answered before anyone is told. */
const SETTLED_ANSWERS = 3
/** The nearest nodes that are vetted; those beyond the ones to be told stand by for whoever falls silent. */
const VETTED_COUNT = 14

export class PrivateLookup extends Task {
  readonly #task: TaskId
  readonly #decoy: Key
  readonly #telling: Telling
  /** The infohash is out, and no decoy goes out. */
  #isTelling = false
  readonly #lots = new Map<Candidate, number>()
  /** Bits that a decoy may share while the surroundings are mapped. */
  #mapBits = DECOY_BITS_MAX
  #hasPeers = false
  /** The nearest were told and knew no peer: the second round. */
  #isFarther = false

  constructor(host: TaskHost, command: { readonly task: TaskId; readonly infohash: Key }) {
    super(host, { target: command.infohash.slice(), inFlightMax: LOOKUP_IN_FLIGHT })
    this.#task = command.task
    this.#decoy = host.luck.bytes(KEY_SIZE)
    this.#telling = new Telling({
      nearest: () => this.#nearest(),
      tell: (nowMs, subject) => this.#tell(nowMs, subject),
      heard: (subject, response) => {
        this.countAnswer()
        this.offerNodes(response)
        this.#heardPeers(subject, response)
      },
      isInTime: candidate => this.isWalkOver || this.#isInReach(candidate),
      wanted: () => (this.#isFarther && !this.#hasPeers ? TOLD_MAX : TOLD_AT_ONCE),
      changed: nowMs => this.proceed(nowMs),
    })
  }

  override get owners(): readonly QueryOwner[] {
    return [this, this.#telling]
  }

  protected questionFor(subject: Candidate): Question {
    // While the infohash is out, new candidates are only asked whether they are who they are said to be.
    if (this.#isTelling) return { method: 'ping' }
    const bits = this.bitsFor(subject)
    // With all the bits that a decoy may have, its tail decides which of the nodes that share them are named:
    // in a large network those are many, and one tail would lead to the same few of them again and again.
    const isMapping = this.#isFarther || bits === DECOY_BITS_MAX
    const tail = isMapping ? this.host.luck.bytes(KEY_SIZE) : this.#decoy
    return this.#question(mixKeys(this.target, tail, bits))
  }

  protected override bitsFor({ id }: Candidate): number {
    if (id === undefined || this.#isTelling) return 0
    const bitsMax = Math.min(this.#mapBits, DECOY_BITS_MAX)
    return Math.min(sharedBits(id, this.target) + DECOY_BITS_BEYOND, bitsMax)
  }

  #question(infohash: Key): Question {
    const want = wantOf(this.host.families)
    return { method: 'get_peers', infohash, isNoSeed: false, isScrape: false, want }
  }

  protected override get width(): number {
    return VETTED_COUNT
  }

  protected heard(): void {}

  protected override proceed(nowMs: Millis): void {
    // When the nearest nodes are met, the decoy has done its work.
    this.#isTelling ||= !this.#isFarther && this.#hasMetNearest()
    super.proceed(nowMs)
    if (this.#isTelling && !this.isWalkOver) this.#telling.proceed(nowMs)
  }

  /**
   * In a network of known size they are recognised by their distance; else they are the nearest ones that
   * anybody named.
   */
  #hasMetNearest(): boolean {
    return [...this.walks].every(([family, walk]) => {
      if (walk.isOver) return true
      if (this.host.networkSize(family).nodes === undefined) return walk.hasSettled(SETTLED_ANSWERS)
      return walk.nearest().some(each => each.state === 'answered' && this.#isInReach(each))
    })
  }

  /** From here on no decoy goes out any more, so the infohash may. */
  protected walked(nowMs: Millis): void {
    this.#isTelling = true
    this.#proceedTelling(nowMs)
  }

  /** Whether `candidate` is as near as the nearest nodes of a network of this size are. */
  #isInReach({ id, address }: Candidate): boolean {
    const reach = this.host.networkSize(familyOf(address)).reach(REACH_COUNT)
    return reach === undefined || distanceShare(id as Key, this.target) <= reach
  }

  #proceedTelling(nowMs: Millis): void {
    this.#telling.proceed(nowMs)
    if (!this.#telling.isOver) return
    if (!this.#isFarther) this.noteSizes()
    if (!this.#hasPeers && !this.#isFarther) {
      this.#isFarther = true
      this.#mapAround(nowMs)
      return
    }
    this.host.notify({
      kind: 'lookup-done',
      ...this.end(this.#task),
      nodesToldTarget: this.#telling.told,
    })
    this.host.finished(nowMs, this)
  }

  /**
   * None of the nearest knew a peer: they may be there to hide it, and name but each other. So nobody is told
   * any more for now, and the nearest nodes are asked for keys spread over a wider neighbourhood.
   */
  #mapAround(nowMs: Millis): void {
    this.#isTelling = false
    // Twice the room that the nearest 24 take: bad ones crowd next to the infohash, the others lie around.
    const last = this.#byDistance().slice(0, FARTHER_COUNT).at(-1)
    const share = last === undefined ? 1 : distanceShare(last.id as Key, this.target)
    this.#mapBits = Math.max(0, Math.floor(-Math.log2(share)) - 1)
    for (const walk of this.walks.values()) {
      walk.lookFarther()
      walk.askAgain()
    }
    this.proceed(nowMs)
  }

  /** Who may be told, in that order: the nearest first, but in a crowded place by lot. */
  #nearest(): Candidate[] {
    const all = this.#byDistance()
    if (!this.#isCrowded) return all
    const near = all.slice(0, FARTHER_COUNT)
    near.sort((a, b) => this.#lotOf(a) - this.#lotOf(b))
    return [...near, ...all.slice(FARTHER_COUNT)]
  }

  #byDistance(): Candidate[] {
    const all = [...this.walks.values()].flatMap(walk => walk.nearest())
    return all.sort((a, b) => compareDistance(this.target, a.id as Key, b.id as Key))
  }

  get #isCrowded(): boolean {
    return [...this.walks.values()].some(walk => walk.isCrowded)
  }

  /** Drawn once for each candidate, so that the order does not change under way. */
  #lotOf(candidate: Candidate): number {
    const lot = this.#lots.get(candidate) ?? this.host.luck.below(0x1_0000_0000)
    this.#lots.set(candidate, lot)
    return lot
  }

  #tell(nowMs: Millis, subject: Candidate): boolean {
    const { address } = subject
    const disclosed = { to: address, infohash: this.target, bits: KEY_SIZE * 8 }
    if (!this.host.mayDisclose(nowMs, disclosed)) return false
    this.ask(nowMs, familyOf(address), subject, this.#question(this.target), this.#telling)
    return true
  }

  #heardPeers(subject: Candidate, response: KrpcResponse): void {
    const peers = usablePeers(response, this.host.allowPrivate)
    if (peers.length === 0) return
    this.#hasPeers = true
    const from = { id: response.id.slice(), address: subject.address }
    this.host.notify({ kind: 'peers', task: this.#task, from, peers })
  }
}

/** The first `bits` bits of `head`, the others of `tail`. */
export function mixKeys(head: Key, tail: Key, bits: number): Key {
  const mixed = tail.slice()
  const whole = bits >> 3
  mixed.set(head.subarray(0, whole))
  if (bits % 8 === 0) return mixed
  const kept = (0xff00 >> (bits % 8)) & 0xff
  mixed[whole] = ((head[whole] as number) & kept) | ((tail[whole] as number) & ~kept & 0xff)
  return mixed
}
