// Runs one client machine on Node: hands it inputs with the time, performs what it asks for, and wakes it
// when it wants to be woken. Decides nothing.
import { lookup } from 'node:dns/promises'
import { performance } from 'node:perf_hooks'
import { parseIp } from '../core/bytes/index.ts'
import type { Machine, Notify, RequestId, WorldEffect, WorldInput } from '../core/world/index.ts'
import { Disk } from './disk.ts'
import { Hasher } from './hasher.ts'
import { Tcp } from './tcp.ts'
import type { Udp } from './udp.ts'

/** Longer timers overflow in Node; waking early is harmless. */
const TIMER_MAX_MS = 2 ** 31 - 1

/** How long answers that are given at once may follow each other before sockets and viewers have a turn. */
const TURN_LIMIT_MS = 10

/** What keeps the machine's state; `StateDirectory` is one. */
export interface Saver {
  save(name: string, bytes: Uint8Array | null): void
}

export interface DriverOptions<Input, Notice> {
  readonly machine: Machine<Input | WorldInput, WorldEffect | Notify<Notice>>
  readonly storeDirectory: string
  readonly state: Saver
  /** Local address of everything that goes out; absent: the system chooses. */
  readonly bind?: string
  readonly onNotice: (notice: Notice) => void
  /** The machine has broken an invariant of its own: the driver has closed, and this is why. */
  readonly onCrash: (error: Error) => void
}

/** The world of one machine. Whoever opened it closes it. */
export class Driver<Input, Notice> {
  readonly #options: DriverOptions<Input, Notice>
  readonly #tcp: Tcp
  readonly #disk: Disk
  readonly #hasher: Hasher
  /** Inputs that came while the machine was busy, mostly answers given at once. */
  readonly #inputs: (Input | WorldInput | undefined)[] = []
  /** The rest of a long chain of answers, when everybody else has had a turn. */
  #turn: NodeJS.Immediate | undefined
  #isBusy = false
  #udp: Udp | undefined
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #closing: Promise<void> | undefined

  constructor(options: DriverOptions<Input, Notice>) {
    this.#options = options
    const onInput = (input: WorldInput) => this.step(input)
    const { bind } = options
    this.#tcp = new Tcp({ onInput, ...(bind === undefined ? {} : { bind }) })
    this.#disk = new Disk(options.storeDirectory, onInput)
    this.#hasher = new Hasher(onInput)
  }

  /** Accepts peers. @returns the port. @throws the system's error where it cannot bind. */
  listen(port: number): Promise<number> {
    return this.#tcp.listen(port, this.#options.bind)
  }

  /** Datagrams leave through `udp` from here on; the driver closes it. */
  useUdp(udp: Udp): void {
    this.#udp = udp
  }

  /** Takes one input; what follows from it has been asked of the world when this returns. */
  step(input: Input | WorldInput): void {
    if (this.#closing !== undefined) return
    this.#inputs.push(input)
    if (!this.#isBusy) this.#takeTurn()
  }

  #takeTurn(): void {
    this.#isBusy = true
    try {
      this.#run()
    } catch (error) {
      void this.close()
      this.#options.onCrash(error as Error)
    } finally {
      this.#isBusy = false
    }
  }

  /** Lets go of sockets, files and timers; what the disk is doing is waited for. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
    this.#hasher.close()
    await Promise.all([this.#tcp.closeAll(), this.#disk.close(), this.#udp?.close()])
  }

  /**
   * Steps what is there; received bytes are lent only until this returns. What the disk and the hasher
   * answer at once is stepped at once too, but for so long only that everybody else has a turn.
   */
  #run(): void {
    const { machine } = this.#options
    const due = this.#inputs.length
    const untilMs = performance.now() + TURN_LIMIT_MS
    let done = 0
    let nowMs = 0
    while (done < due || (done < this.#inputs.length && nowMs < untilMs)) {
      nowMs = performance.now()
      const input = this.#inputs[done] as Input | WorldInput
      // What it holds may be large, and a chain of answers long: nobody needs it after its step.
      this.#inputs[done++] = undefined
      machine.step(nowMs, input)
      for (const effect of machine.drain()) this.#perform(effect)
    }
    this.#inputs.splice(0, done)
    this.#tcp.flush()
    this.#plan(machine.wakeAtMs)
    if (this.#inputs.length > 0) this.#turn ??= setImmediate(() => this.#nextTurn())
  }

  #nextTurn(): void {
    this.#turn = undefined
    if (this.#closing === undefined && this.#inputs.length > 0) this.#takeTurn()
  }

  #perform(effect: WorldEffect | Notify<Notice>): void {
    switch (effect.kind) {
      case 'tcp-send':
        this.#tcp.send(effect.connection, effect.bytes)
        break
      case 'hash':
        this.#hasher.hash(effect)
        break
      case 'disk-write':
        this.#disk.write(effect)
        break
      case 'disk-read':
        this.#disk.read(effect)
        break
      case 'notify':
        this.#options.onNotice(effect.notice)
        break
      case 'tcp-dial':
        this.#tcp.dial(effect.connection, effect.to, effect.timeoutMs)
        break
      case 'tcp-close':
        this.#tcp.close(effect.connection)
        break
      case 'udp-send':
        this.#udp?.send(effect.to, effect.bytes)
        break
      case 'save':
        this.#options.state.save(effect.name, effect.bytes)
        break
      case 'resolve':
        void this.#resolve(effect.request, effect.host)
    }
  }

  async #resolve(request: RequestId, host: string): Promise<void> {
    // A name that cannot be resolved is nobody: the machine hears an empty list.
    const found = await lookup(host, { all: true }).catch(() => [])
    const addresses = found.flatMap(({ address }) => parseIp(address) ?? [])
    this.step({ kind: 'resolved', request, addresses })
  }

  /** One timer, moved only forward in time when it fires: most wishes change before they are due. */
  #plan(atMs: number): void {
    if (atMs >= this.#timerAtMs) return
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    const delayMs = Math.min(Math.max(Math.ceil(atMs - performance.now()), 0), TIMER_MAX_MS)
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Number.POSITIVE_INFINITY
      const { wakeAtMs } = this.#options.machine
      if (wakeAtMs <= performance.now()) this.step({ kind: 'wake' })
      else this.#plan(wakeAtMs)
    }, delayMs)
  }
}
