// A bootstrap server among a population: visits, pongs, floods, spoofers and sybils, and at every answer a
// look at whom it names.
import { nodeIdFor } from '../../src/core/dht/index.ts'
import {
  BOOTSTRAP_DEFAULTS,
  type BootstrapOptions,
  BootstrapServer,
  type Datagram,
  newAnswerSlot,
  VERIFIED_WITHIN_MS,
} from '../../src/core/services/bootstrap/index.ts'
import { SeededLuck } from '../random.ts'
import { FLOODER, MACHINES, machineAt, Population, SYBILS, writeIp } from './population.ts'

export interface SceneOptions {
  readonly seed: number
  readonly hours: number
  readonly visitorsPerHour: number
  /** One answer in so many is looked at. */
  readonly lookAtEvery: number
  readonly server?: Partial<BootstrapOptions>
}

export interface Outcome {
  readonly visits: number
  readonly answers: number
  /** Nodes in the answers that were looked at; how many were up, and what should never be. */
  named: number
  namedAlive: number
  neverAnswered: number
  verifiedTooLongAgo: number
  withStrayId: number
  sybilsNamed: number
  floodQueries: number
  floodAnswers: number
  /** Pings in each minute. */
  readonly pingsByMinute: number[]
  nodesMost: number
  waitingMost: number
  mostInOneNetwork: number
}

const STEP_MS = 50
const HOUR_MS = 3_600_000
const PORT = 6881
/** Of what is sent either way. */
const LOSS = 0.02
/** A third of the traffic at public servers. */
const REPEAT_SHARE = 1 / 3
const RECENT = 4096
/** Beside the ordinary visits: spoofed queries and pongs, and a flood of one address in each 7th hour. */
const SPOOFED_SHARE = 0.1
const FLOOD_PER_STEP = 10
const FLOOD_EVERY_HOURS = 7
const ID_SIZE = 20
const NODE_SIZE = 26
/** Where the nodes start in an answer to IPv4: behind `d2:ip6:…1:rd2:id20:…5:nodes416:`. */
const NODES_AT = 55

const codes = (text: string): Uint8Array => Uint8Array.from(text, letter => letter.charCodeAt(0))
const QUERY = codes(
  `d1:ad2:id20:${'i'.repeat(20)}6:target20:${'t'.repeat(20)}e1:q9:find_node1:t2:aa1:y1:qe`,
)
const PONG_ID_AT = 12
const PONG_COOKIE_AT = 38
const PONG = codes(`d1:rd2:id20:${'i'.repeat(20)}e1:t8:${'c'.repeat(8)}1:y1:re`)
/** Where the cookie lies in a ping of the server. */
const PING_COOKIE_AT = 47

/** A datagram in memory of its own, filled anew for each. */
class Letter implements Datagram {
  readonly bytes = new Uint8Array(256)
  readonly ip = new Uint8Array(4)
  readonly start = 0
  readonly ipAt = 0
  readonly ipSize = 4
  readonly socket = 0
  end = 0
  port = PORT

  fill(content: Uint8Array): void {
    this.bytes.set(content)
    this.end = content.length
  }
}

export class Scene {
  readonly server: BootstrapServer
  readonly population: Population
  /** How often each machine was named, while `isCounting`. */
  readonly timesNamed = new Uint32Array(FLOODER + 1)
  isCounting = false
  nowMs = 0
  readonly outcome: Outcome
  readonly #options: SceneOptions
  readonly #luck: SeededLuck
  readonly #letter = new Letter()
  readonly #slot = newAnswerSlot()
  readonly #recent = new Uint32Array(RECENT)
  #pongs: { readonly machine: number; readonly ping: Uint8Array }[] = []
  #visits = 0
  #answers = 0

  constructor(options: SceneOptions) {
    this.#options = options
    this.#luck = new SeededLuck(options.seed)
    this.population = new Population(this.#luck.fork())
    const base = { ...BOOTSTRAP_DEFAULTS, ids: [this.#luck.bytes(20)], families: [4] as const }
    this.server = new BootstrapServer({ ...base, ...options.server }, this.#luck.fork(), 0)
    const scene = this
    this.outcome = {
      get visits() {
        return scene.#visits
      },
      get answers() {
        return scene.#answers
      },
      named: 0,
      namedAlive: 0,
      neverAnswered: 0,
      verifiedTooLongAgo: 0,
      withStrayId: 0,
      sybilsNamed: 0,
      floodQueries: 0,
      floodAnswers: 0,
      pingsByMinute: [],
      nodesMost: 0,
      waitingMost: 0,
      mostInOneNetwork: 0,
    }
  }

  /** Lets `hours` pass. */
  run(hours: number): void {
    const perStep = (this.#options.visitorsPerHour * STEP_MS) / HOUR_MS
    const endMs = this.nowMs + hours * HOUR_MS
    let owed = 0
    while (this.nowMs < endMs) {
      this.nowMs += STEP_MS
      this.#deliverPongs()
      for (owed += perStep; owed >= 1; owed--) this.#visit()
      this.#misbehave()
      this.#takePings()
      if (this.nowMs % 60_000 === 0) this.#takeStock()
    }
  }

  /** The machines in the ring. */
  members(): Set<number> {
    const { store } = this.server.ring(4)
    const members = new Set<number>()
    for (let position = 0; position < store.count; position++) {
      members.add(machineAt(store.chunkOf(position).bytes, store.offsetOf(position) + ID_SIZE))
    }
    return members
  }

  #visit(): void {
    const luck = this.#luck
    const isRepeat = luck.chance(REPEAT_SHARE)
    const slot = luck.below(RECENT)
    const machine = isRepeat ? (this.#recent[slot] as number) : luck.below(MACHINES)
    this.#recent[slot] = machine
    this.#visits++
    this.population.visit(machine, this.nowMs)
    this.#ask(machine)
  }

  /** Sends a query of a machine; answers whether it was answered. */
  #ask(machine: number): boolean {
    const letter = this.#letter
    letter.fill(QUERY)
    writeIp(machine, letter.ip, 0)
    letter.port = PORT
    if (!this.server.answer(this.nowMs, letter, this.#slot)) return false
    this.#answers++
    if (this.isCounting || this.#answers % this.#options.lookAtEvery === 0) this.#lookAtAnswer()
    return true
  }

  #lookAtAnswer(): void {
    const { bytes, start, end } = this.#slot
    const count = Math.floor((end - start - NODES_AT) / NODE_SIZE)
    // `5:nodes0:` is shorter: with fewer than 4 nodes the digits are fewer, so those few are passed over.
    if (count < 4) return
    const { population, nowMs, outcome } = this
    for (let node = 0; node < count; node++) {
      const machine = machineAt(bytes, start + NODES_AT + node * NODE_SIZE + ID_SIZE)
      const answeredAtMs =
        machine < 0 ? Number.NEGATIVE_INFINITY : population.answeredAtMs[machine]!
      outcome.named++
      if (this.isCounting && machine >= 0) this.timesNamed[machine]!++
      if (machine >= 0 && population.answers(machine, nowMs)) outcome.namedAlive++
      if (answeredAtMs < 0) outcome.neverAnswered++
      else if (nowMs - answeredAtMs > VERIFIED_WITHIN_MS) outcome.verifiedTooLongAgo++
      if (machine >= 0 && !population.hasValidId(machine)) outcome.withStrayId++
      if (machine >= MACHINES) outcome.sybilsNamed++
    }
  }

  #misbehave(): void {
    const luck = this.#luck
    const letter = this.#letter
    // Sybils visit as often as they can without being noticed: all of them within the hour.
    if (luck.chance((SYBILS * STEP_MS) / HOUR_MS)) this.#ask(MACHINES + luck.below(SYBILS))
    if (luck.chance(SPOOFED_SHARE)) {
      letter.fill(luck.chance(0.5) ? QUERY : PONG)
      for (let byte = 0; byte < 4; byte++) letter.ip[byte] = luck.below(256)
      // Addresses from 104 up have nobody behind them.
      letter.ip[0] = 104 + luck.below(20)
      for (let byte = 0; byte < 8; byte++) letter.bytes[PONG_COOKIE_AT + byte]! ^= luck.below(256)
      this.server.answer(this.nowMs, letter, this.#slot)
    }
    if (Math.floor(this.nowMs / HOUR_MS) % FLOOD_EVERY_HOURS !== FLOOD_EVERY_HOURS - 1) return
    for (let query = 0; query < FLOOD_PER_STEP; query++) {
      this.outcome.floodQueries++
      if (this.#ask(FLOODER)) this.outcome.floodAnswers++
    }
  }

  #takePings(): void {
    const { server, nowMs, outcome } = this
    if (server.wakeAtMs > nowMs) return
    server.step(nowMs, { kind: 'wake' })
    const minute = Math.floor(nowMs / 60_000)
    const pings = server.drain()
    outcome.pingsByMinute[minute] = (outcome.pingsByMinute[minute] ?? 0) + pings.length
    for (const { to, bytes } of pings) {
      const machine = machineAt(to.ip, 0)
      if (machine < 0 || !this.population.answers(machine, nowMs) || this.#luck.chance(LOSS))
        continue
      this.#pongs.push({ machine, ping: bytes })
    }
  }

  #deliverPongs(): void {
    const pongs = this.#pongs
    this.#pongs = []
    const letter = this.#letter
    for (const { machine, ping } of pongs) {
      if (this.#luck.chance(LOSS)) continue
      letter.fill(PONG)
      writeIp(machine, letter.ip, 0)
      letter.port = PORT
      const hasValidId = this.population.hasValidId(machine)
      letter.bytes.set(
        hasValidId ? nodeIdFor(letter.ip, machine & 255, this.#luck) : this.#luck.bytes(ID_SIZE),
        PONG_ID_AT,
      )
      for (let byte = 0; byte < 8; byte++) {
        letter.bytes[PONG_COOKIE_AT + byte] = ping[PING_COOKIE_AT + byte] as number
      }
      this.population.answeredAtMs[machine] = this.nowMs
      this.server.answer(this.nowMs, letter, this.#slot)
    }
  }

  #takeStock(): void {
    const { outcome, server } = this
    outcome.nodesMost = Math.max(outcome.nodesMost, server.ring(4).count)
    outcome.waitingMost = Math.max(outcome.waitingMost, server.waiting(4))
    const address = new Uint8Array(4)
    for (let sybil = 0; sybil < SYBILS; sybil += 254) {
      writeIp(MACHINES + sybil, address, 0)
      const held = server.ring(4).countNetwork(address, 0)
      outcome.mostInOneNetwork = Math.max(outcome.mostInOneNetwork, held)
    }
  }
}

/** Pearson's statistic of how often those of `members` were named, and its degrees of freedom. */
export function chiSquared(scene: Scene, members: ReadonlySet<number>) {
  let total = 0
  for (const machine of members) total += scene.timesNamed[machine] as number
  const expected = total / members.size
  let sum = 0
  for (const machine of members)
    sum += ((scene.timesNamed[machine] as number) - expected) ** 2 / expected
  return { statistic: sum, freedom: members.size - 1, expected }
}

/** The statistic that one fair sample in a hundred exceeds (Wilson and Hilferty's approximation). */
export function chiSquaredLimit(freedom: number): number {
  const part = 2 / (9 * freedom)
  return freedom * (1 - part + 2.326 * Math.sqrt(part)) ** 3
}
