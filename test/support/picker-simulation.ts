// A picker among virtual peers, in virtual time: peers with rates, delays and tempers behind one shared link.
// After every step it checks what must always hold; it measures when a viewer gets its bytes.
import { strict as assert } from 'node:assert'
import { EventHeap } from '../../sim/heap.ts'
import { SeededLuck } from '../../sim/random.ts'
import { type BlockNumber, layoutOf } from '../../src/core/swarm/layout.ts'
import { Picker } from '../../src/core/swarm/picker.ts'
import { BLOCK_BYTES, Pipeline } from '../../src/core/swarm/pipeline.ts'

/** What a peer is like. Times are milliseconds from the start. */
export interface PeerPlan {
  /** Of its own uplink, besides the link that all share. */
  readonly bytesPerSecond?: number
  readonly roundTripMs: number
  readonly unchokedAtMs?: number
  /** Sends nothing any more after so many blocks. */
  readonly stallsAfter?: number
  /** Sends bad bytes in this part of its blocks. */
  readonly lies?: number
  /** Chokes again and again: open and shut, for so long each. */
  readonly chokes?: { readonly openMs: number; readonly shutMs: number }
  /** Which pieces it has; all by default. */
  readonly has?: (piece: number) => boolean
  readonly leavesAtMs?: number
  /** Answers in any order within this many blocks. */
  readonly shuffles?: number
  readonly sendBufferBytes?: number
  /** Whether refused requests are answered (BEP 6). */
  readonly isFast?: boolean
}

export interface SimulationOptions {
  readonly seed?: number
  readonly pieceBytes: number
  readonly totalBytes: number
  readonly linkBytesPerSecond?: number
  readonly openPiecesMax?: number
  readonly peers: readonly PeerPlan[]
  readonly hashMs?: number
  /** What the engine does with a bad piece: bans who is found to have lied in it. */
  readonly bansLiars?: boolean
}

interface Copy {
  readonly slot: number
  readonly isBad: boolean
}

const PICKED_MAX = 1024
/** Bytes that a peer hands to its kernel before it looks for CANCEL again: as many as 32 Mbit/s and more need. */
const SEND_BUFFER_BYTES = 128 * 1024

class VirtualPeer {
  readonly plan: PeerPlan
  readonly slot: number
  readonly link = new Pipeline()
  readonly queue: BlockNumber[] = []
  /** What the client believes is outstanding here. */
  readonly live = new Set<BlockNumber>()
  isGone = false
  isOpen = false
  sentBlocks = 0
  bufferedBytes = 0
  freeAtMs = 0
  isServing = false

  constructor(plan: PeerPlan, slot: number) {
    this.plan = plan
    this.slot = slot
    this.link.noteRoundTrip(plan.roundTripMs)
  }
}

export class PickerSimulation {
  readonly picker: Picker
  readonly peers: VirtualPeer[] = []
  readonly luck: SeededLuck
  nowMs = 0
  acceptedBlocks = 0
  duplicateBlocks = 0
  badPieces = 0
  banned: number[] = []
  steps = 0
  readonly storedAtMs = new Map<number, number>()
  /** Whether properties are checked after every step: slow, so the longest runs do without. */
  isChecked = true
  readonly #heap = new EventHeap()
  readonly #options: SimulationOptions
  readonly #picked = new Int32Array(PICKED_MAX)
  readonly #copies = new Map<BlockNumber, Copy>()
  readonly #failed = new Map<number, Copy[][]>()
  #linkFreeAtMs = 0
  #plannedWakeMs = Number.POSITIVE_INFINITY

  constructor(options: SimulationOptions) {
    this.#options = options
    this.luck = new SeededLuck(options.seed ?? 1)
    this.picker = new Picker({
      layout: layoutOf(options),
      openPiecesMax:
        options.openPiecesMax ?? Math.max(4, Math.floor((40 * 1024 * 1024) / options.pieceBytes)),
    })
    for (const plan of options.peers) this.join(plan)
  }

  get pieceCount(): number {
    return Math.ceil(this.#options.totalBytes / this.#options.pieceBytes)
  }

  get wastedPart(): number {
    return this.picker.wastedBytes / (this.acceptedBlocks * BLOCK_BYTES)
  }

  join(plan: PeerPlan): VirtualPeer {
    const peer = new VirtualPeer(plan, this.peers.length)
    this.peers.push(peer)
    this.picker.peerJoined(peer.slot, peer.link)
    if (plan.has === undefined) this.picker.peerHasAll(peer.slot)
    else
      for (let piece = 0; piece < this.pieceCount; piece++) {
        if (plan.has(piece)) this.picker.peerHas(peer.slot, piece)
      }
    this.at(Math.max(this.nowMs, plan.unchokedAtMs ?? 0), () => this.#open(peer))
    if (plan.leavesAtMs !== undefined) this.at(plan.leavesAtMs, () => this.leave(peer))
    return peer
  }

  at(atMs: number, run: () => void): void {
    this.#heap.plan(atMs, run)
  }

  leave(peer: VirtualPeer): void {
    if (peer.isGone) return
    peer.isGone = true
    peer.queue.length = 0
    peer.live.clear()
    this.picker.peerLeft(peer.slot)
  }

  /** Runs until `isOver`, or until nothing happens any more, or `untilMs`. */
  run(untilMs: number, isOver: () => boolean = () => false): void {
    this.#settle()
    while (!isOver()) {
      if (this.#heap.nextAtMs > untilMs) break
      const event = this.#heap.take()
      if (event === undefined) break
      this.nowMs = event.atMs
      event.run()
      this.#settle()
      this.steps++
      if (this.isChecked) this.#check()
    }
  }

  get isDone(): boolean {
    return this.storedAtMs.size === this.pieceCount
  }

  #open(peer: VirtualPeer): void {
    if (peer.isGone) return
    peer.isOpen = true
    this.picker.unchoked(peer.slot)
    this.#ask(peer)
    const { chokes } = peer.plan
    if (chokes !== undefined) this.at(this.nowMs + chokes.openMs, () => this.#shut(peer, chokes))
  }

  #shut(peer: VirtualPeer, chokes: { readonly shutMs: number }): void {
    if (peer.isGone) return
    peer.isOpen = false
    peer.queue.length = 0
    peer.live.clear()
    this.picker.choked(peer.slot)
    this.at(this.nowMs + chokes.shutMs, () => this.#open(peer))
  }

  /** As the swarm does it: what the pipeline has free, in batches. */
  #ask(peer: VirtualPeer): void {
    const outstanding = this.picker.outstandingOf(peer.slot)
    const target = peer.link.targetBlocks
    const free = target - outstanding
    if (free <= 0 || (target > 32 && free < target >> 2)) return
    const count = this.picker.pick(this.nowMs, peer.slot, free, this.#picked)
    assert(count <= free, 'picked more than there is room for')
    if (count > 0 && outstanding === 0) peer.link.resume(this.nowMs)
    for (let index = 0; index < count; index++) this.#request(peer, this.#picked[index]!)
  }

  #request(peer: VirtualPeer, block: BlockNumber): void {
    assert(!peer.live.has(block), 'asked the same peer twice for a block')
    assert(peer.isOpen, 'asked a peer that chokes')
    const piece = this.picker.pieceOf(block)
    assert(peer.plan.has?.(piece) !== false, 'asked for a piece that the peer lacks')
    assert(!this.#copies.has(block), 'asked for a block that is here')
    assert(!this.storedAtMs.has(piece), 'asked for a piece that is stored')
    peer.live.add(block)
    this.at(this.nowMs + peer.plan.roundTripMs / 2, () => {
      if (peer.isGone || !peer.isOpen) return
      const shuffles = peer.plan.shuffles ?? 0
      const at = Math.max(0, peer.queue.length - this.luck.below(shuffles + 1))
      peer.queue.splice(at, 0, block)
      this.#serve(peer)
    })
  }

  #serve(peer: VirtualPeer): void {
    const { plan } = peer
    const bufferBytes = plan.sendBufferBytes ?? SEND_BUFFER_BYTES
    if (peer.isServing || peer.queue.length === 0 || peer.bufferedBytes >= bufferBytes) return
    if (plan.stallsAfter !== undefined && peer.sentBlocks >= plan.stallsAfter) return
    const block = peer.queue.shift()!
    peer.sentBlocks++
    peer.isServing = true
    const bytes = this.picker.bytesOf(block)
    peer.bufferedBytes += bytes
    peer.freeAtMs =
      Math.max(this.nowMs, peer.freeAtMs) + (bytes * 1000) / (plan.bytesPerSecond ?? 1e9)
    this.at(peer.freeAtMs, () => {
      peer.isServing = false
      this.#enterLink(peer, block, bytes)
      this.#serve(peer)
    })
  }

  #enterLink(peer: VirtualPeer, block: BlockNumber, bytes: number): void {
    const rate = this.#options.linkBytesPerSecond ?? 1e9
    this.#linkFreeAtMs = Math.max(this.nowMs, this.#linkFreeAtMs) + (bytes * 1000) / rate
    this.at(this.#linkFreeAtMs + peer.plan.roundTripMs / 2, () => {
      peer.bufferedBytes -= bytes
      if (!peer.isGone) this.#arrive(peer, block)
      this.#serve(peer)
    })
  }

  #arrive(peer: VirtualPeer, block: BlockNumber): void {
    const isExpected = this.picker.isExpected(peer.slot, block)
    const outcome = this.picker.received(this.nowMs, peer.slot, block)
    assert.equal(
      outcome === 'accepted' || outcome === 'completes',
      isExpected,
      'expected and received differ',
    )
    peer.live.delete(block)
    if (outcome === 'accepted' || outcome === 'completes') {
      assert(!this.#copies.has(block), 'a block was accepted twice')
      const isBad = peer.plan.lies !== undefined && this.luck.chance(peer.plan.lies)
      this.#copies.set(block, { slot: peer.slot, isBad })
      this.acceptedBlocks++
      peer.link.noteBlock(this.nowMs, this.picker.bytesOf(block), this.picker.askedAtMs)
      if (outcome === 'completes') this.#hash(this.picker.pieceOf(block))
    } else this.duplicateBlocks++
    this.#ask(peer)
  }

  #hash(piece: number): void {
    this.at(this.nowMs + (this.#options.hashMs ?? 0.5), () => {
      const blocks = this.#blocksOf(piece)
      const copies = blocks.map(block => this.#copies.get(block)!)
      if (copies.some(copy => copy.isBad) && !this.#isMended(piece, copies)) {
        this.#isBad(piece, copies)
        return
      }
      this.picker.pieceHashed(piece, true)
      for (const attempt of this.#failed.get(piece) ?? []) {
        for (const copy of attempt) if (copy.isBad) this.#ban(copy.slot)
      }
      this.at(this.nowMs + 1, () => {
        this.picker.pieceStored(piece)
        this.storedAtMs.set(piece, this.nowMs)
        for (const block of blocks) this.#copies.delete(block)
      })
    })
  }

  /** As `Blame.mend` does it: from two copies, the less suspect sender's block where they differ. */
  #isMended(piece: number, copies: Copy[]): boolean {
    const attempts = this.#failed.get(piece) ?? []
    const before = attempts.length === 1 ? attempts[0] : undefined
    if (before === undefined || this.#options.bansLiars !== true) return false
    attempts.push(copies)
    const suspects = suspectsOf(before, copies)
    return copies.every((copy, index) => {
      const earlier = before[index]!
      const isEarlier = !suspects.has(earlier.slot) && suspects.has(copy.slot)
      return !(isEarlier ? earlier : copy).isBad
    })
  }

  #isBad(piece: number, copies: Copy[]): void {
    this.badPieces++
    for (const block of this.#blocksOf(piece)) this.#copies.delete(block)
    const attempts = this.#failed.get(piece) ?? []
    if (attempts.length < 2) this.#failed.set(piece, [...attempts, copies])
    const [one, other] = attempts
    const suspects = one && other ? suspectsOf(one, other) : undefined
    const source = suspects && other?.find(copy => !suspects.has(copy.slot))?.slot
    this.picker.pieceHashed(piece, false, source)
    const isOfOne = new Set(copies.map(copy => copy.slot)).size === 1
    if (this.#options.bansLiars === true && isOfOne) this.#ban(copies[0]!.slot)
  }

  #ban(slot: number): void {
    const peer = this.peers[slot]!
    if (peer.isGone) return
    this.banned.push(slot)
    for (const [block, copy] of [...this.#copies]) {
      if (copy.slot !== slot) continue
      if (this.picker.stateOf(this.picker.pieceOf(block)) !== 'in-flight') continue
      this.#copies.delete(block)
      this.picker.blockFailed(block)
    }
    this.leave(peer)
  }

  #blocksOf(piece: number): BlockNumber[] {
    const bytes = Math.min(
      this.#options.pieceBytes,
      this.#options.totalBytes - piece * this.#options.pieceBytes,
    )
    return Array.from({ length: Math.ceil(bytes / BLOCK_BYTES) }, (_, index) =>
      this.picker.blockAt(piece, index * BLOCK_BYTES),
    )
  }

  #settle(): void {
    const { picker } = this
    for (let round = 0; round < 3; round++) {
      this.#sendCancels()
      if (picker.wakeAtMs <= this.nowMs) picker.wake(this.nowMs)
      if (!picker.isWorkSpread) break
      picker.workSpread()
      for (const slot of picker.soonestFirst(this.nowMs).slice()) this.#ask(this.peers[slot]!)
    }
    this.#sendCancels()
    const { wakeAtMs } = picker
    if (wakeAtMs < this.#plannedWakeMs && Number.isFinite(wakeAtMs)) {
      this.#plannedWakeMs = wakeAtMs
      this.at(wakeAtMs, () => {
        this.#plannedWakeMs = Number.POSITIVE_INFINITY
      })
    }
  }

  #sendCancels(): void {
    const { cancels, closedPieces } = this.picker
    for (let index = 0; index < cancels.count; index++) {
      const peer = this.peers[cancels.slots[index]!]!
      const block = cancels.blocks[index]!
      assert(peer.isGone || peer.live.has(block), 'cancelled what was not asked')
      peer.live.delete(block)
      this.at(this.nowMs + peer.plan.roundTripMs / 2, () => {
        const at = peer.queue.indexOf(block)
        if (at >= 0) peer.queue.splice(at, 1)
        if (at >= 0 && peer.plan.isFast === true) {
          this.at(this.nowMs + peer.plan.roundTripMs / 2, () => {
            if (!peer.isGone && !peer.live.has(block)) {
              this.picker.rejected(this.nowMs, peer.slot, block)
            }
          })
        }
      })
    }
    cancels.clear()
    for (let index = 0; index < closedPieces.count; index++) {
      for (const block of this.#blocksOf(closedPieces.pieces[index]!)) this.#copies.delete(block)
    }
    closedPieces.clear()
  }

  /** What must hold after every step. */
  #check(): void {
    const holders = new Map<BlockNumber, number>()
    for (const peer of this.peers) {
      assert.equal(this.picker.outstandingOf(peer.slot), peer.live.size, 'outstanding differs')
      for (const block of peer.live) {
        const count = (holders.get(block) ?? 0) + 1
        holders.set(block, count)
        assert(count <= 2, 'a block is asked of three peers')
        assert(!this.#copies.has(block), 'a block is here and asked for')
        assert.equal(this.picker.stateOf(this.picker.pieceOf(block)), 'in-flight')
      }
    }
  }
}

/** As in blame.ts: the fewest senders of whom one had a hand in each difference. */
function suspectsOf(one: readonly Copy[], other: readonly Copy[]): Set<number> {
  const suspects = new Set<number>()
  let open = one.flatMap((first, index) => {
    const second = other[index]!
    return first.isBad || second.isBad ? [[first.slot, second.slot]] : []
  })
  while (open.length > 0) {
    const counts = new Map<number, number>()
    for (const slot of open.flat()) counts.set(slot, (counts.get(slot) ?? 0) + 1)
    suspects.add([...counts].sort((a, b) => b[1] - a[1])[0]![0])
    open = open.filter(slots => !slots.some(slot => suspects.has(slot)))
  }
  return suspects
}

/** A viewer that reads on and on, as a player over HTTP does, and notes how long it waited. */
export class VirtualViewer {
  readonly key: number
  /** From asking for a byte to having it, for each start and seek. */
  readonly waitsMs: number[] = []
  /** Time spent waiting while playing. */
  stalledMs = 0
  stalls = 0
  readonly #simulation: PickerSimulation
  readonly #file: { readonly begin: number; readonly size: number }
  readonly #pieceBytes: number
  readonly #bytesPerSecond: number
  #position = 0
  #requests = 0
  #generation = 0

  constructor(
    simulation: PickerSimulation,
    options: {
      key: number
      pieceBytes: number
      size: number
      begin?: number
      bytesPerSecond: number
    },
  ) {
    this.#simulation = simulation
    this.key = options.key
    this.#file = { begin: options.begin ?? 0, size: options.size }
    this.#pieceBytes = options.pieceBytes
    this.#bytesPerSecond = options.bytesPerSecond
  }

  get position(): number {
    return this.#position
  }

  /** Plays on from `begin` on. */
  seek(begin: number): void {
    this.#generation++
    this.#position = begin
    this.#read(this.#simulation.nowMs, true)
  }

  #read(dueMs: number, isFirst: boolean): void {
    const { picker, nowMs } = this.#simulation
    if (this.#position >= this.#file.size) return
    const generation = this.#generation
    const startedMs = nowMs
    const request = this.key * 1_000_000 + this.#requests++
    const piece = Math.floor((this.#file.begin + this.#position) / this.#pieceBytes)
    const end = Math.min(this.#file.size, (piece + 1) * this.#pieceBytes - this.#file.begin)
    const size = end - this.#position
    picker.readStarted(nowMs, {
      viewer: this.key,
      request,
      file: this.#file,
      begin: this.#position,
      size,
    })
    const look = () => {
      const { storedAtMs, nowMs: atMs } = this.#simulation
      if (generation !== this.#generation) {
        picker.readEnded(atMs, request, 0)
        return
      }
      if (!storedAtMs.has(piece)) {
        this.#simulation.at(atMs + 1, look)
        return
      }
      if (isFirst) this.waitsMs.push(atMs - startedMs)
      else if (atMs > dueMs + 2) {
        this.stalls++
        this.stalledMs += atMs - dueMs
      }
      picker.readEnded(atMs, request, size)
      this.#position = end
      const nextDueMs = Math.max(atMs, dueMs) + (size * 1000) / this.#bytesPerSecond
      this.#simulation.at(Math.max(atMs, nextDueMs - BUFFER_MS), () => {
        if (generation === this.#generation) this.#read(nextDueMs, false)
      })
    }
    look()
  }
}

/** How far ahead of playback a player reads. */
const BUFFER_MS = 5000
