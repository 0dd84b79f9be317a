// The fast way: a loop that takes up to 64 datagrams in one system call and answers them in another. While
// traffic flows it waits in place for at most a millisecond, so that timers and the metrics page get their
// turn; when it stops, a thread of the pool does the waiting and the process sleeps.
import type { Address } from '../../core/bytes/index.ts'
import type { BootstrapSend, BootstrapServer } from '../../core/services/bootstrap/index.ts'
import { BATCH_SIZE, DatagramBatch } from './datagram-batch.ts'
import { EAGAIN, EINTR, MSG_DONTWAIT, type Native, POLLFD_SIZE, POLLIN } from './native.ts'
import { type NativeSocket, openSocket } from './native-socket.ts'
import { steer } from './steering.ts'
import type { Transport, TransportOptions } from './transport.ts'

/** Rounds of all sockets before the other work of the process gets its turn: some milliseconds. */
const ROUNDS_MAX = 16
/** How long the loop waits in place, and for how long after the last datagram it does so. */
const WAIT_IN_PLACE_MS = 1
const LIVELY_MS = 10
/** How long a thread of the pool waits at most: also how long `close` may take. */
const WAIT_LIMIT_MS = 100

/** @throws Error where the system refuses an address. */
export function openBatchedUdp(native: Native, options: TransportOptions): BatchedUdp {
  const sockets: NativeSocket[] = []
  try {
    for (const address of options.listen) {
      sockets.push(openSocket(native, address, options.isShared))
    }
  } catch (error) {
    for (const socket of sockets) native.close(socket.fd)
    throw error
  }
  return new BatchedUdp(native, sockets)
}

export class BatchedUdp implements Transport {
  readonly kind = 'batched'
  readonly bound: readonly Address[]
  readonly sockets: readonly NativeSocket[]
  unsent = 0
  readonly #native: Native
  readonly #batch: DatagramBatch
  readonly #pollSet: Uint8Array
  #server: BootstrapServer | undefined
  #livelyUntilMs = 0
  #isClosing = false
  #onClosed: (() => void) | undefined

  constructor(native: Native, sockets: readonly NativeSocket[]) {
    this.#native = native
    this.sockets = sockets
    this.bound = sockets.map(socket => socket.bound)
    this.#batch = new DatagramBatch(native)
    this.#pollSet = newPollSet(sockets)
  }

  serve(server: BootstrapServer): void {
    this.#server = server
    setImmediate(this.#turn)
  }

  /**
   * Sends further datagrams on our ports to `count` of the sockets that share them, the first of which is
   * number `first` in the order of binding.
   */
  steerTo(first: number, count: number): void {
    for (const { fd, ipSize } of this.sockets) steer(this.#native, fd, ipSize, { first, count })
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#isClosing = true
      this.#onClosed = resolve
      if (this.#server === undefined) this.#finish()
    })
  }

  readonly #turn = (): void => {
    const server = this.#server as BootstrapServer
    let received = 0
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const count = this.#round(server)
      received += count
      // Less than a batch: the sockets were empty a moment ago, and a look again would cost another call.
      if (count < BATCH_SIZE) break
    }
    const nowMs = performance.now()
    if (server.wakeAtMs <= nowMs) {
      server.step(nowMs, { kind: 'wake' })
      this.#send(server.drain())
    }
    if (received > 0) this.#livelyUntilMs = nowMs + LIVELY_MS
    if (this.#isClosing && received === 0) this.#finish()
    else this.#wait(nowMs, received > 0)
  }

  /** One batch of each socket; answers how many datagrams there were. */
  #round(server: BootstrapServer): number {
    const nowMs = performance.now()
    let received = 0
    for (const [number, socket] of this.sockets.entries()) {
      this.#batch.clear()
      const count = this.#native.recvmmsg(socket.fd, this.#batch.received, BATCH_SIZE, MSG_DONTWAIT)
      if (count <= 0) continue
      received += count
      const ready = this.#batch.answer(server, nowMs, socket.ipSize, number, count)
      this.#flush(socket, ready)
    }
    return received
  }

  #wait(nowMs: number, isBusy: boolean): void {
    const server = this.#server as BootstrapServer
    if (isBusy) {
      // Most often the next datagram is nearly here, and then a look costs less than a thread's turn.
      this.#native.poll(this.#pollSet, this.sockets.length, WAIT_IN_PLACE_MS)
      setImmediate(this.#turn)
      return
    }
    const wakeInMs = Math.ceil(server.wakeAtMs - nowMs)
    if (nowMs < this.#livelyUntilMs) {
      const waitMs = Math.max(0, Math.min(WAIT_IN_PLACE_MS, wakeInMs))
      this.#native.poll(this.#pollSet, this.sockets.length, waitMs)
      setImmediate(this.#turn)
      return
    }
    const waitMs = Math.max(0, Math.min(WAIT_LIMIT_MS, wakeInMs))
    this.#native.pollLater(this.#pollSet, this.sockets.length, waitMs, this.#turn)
  }

  /** Sends pings, each through the socket that its node knows. */
  #send(sends: readonly BootstrapSend[]): void {
    for (const [number, socket] of this.sockets.entries()) {
      let ready = 0
      for (const send of sends) {
        if (send.socket !== number) continue
        this.#batch.put(ready++, send.to, send.bytes)
        if (ready === BATCH_SIZE) {
          this.#flush(socket, ready)
          ready = 0
        }
      }
      this.#flush(socket, ready)
    }
  }

  /** Sends the first `ready` headers. What the system refuses is dropped, as networks do. */
  #flush(socket: NativeSocket, ready: number): void {
    let done = 0
    // Each turn either sends or skips a datagram, so there are at most `ready` of them, and retries of EINTR.
    while (done < ready) {
      const headers = done === 0 ? this.#batch.sent : this.#batch.sentFrom(done)
      const count = this.#native.sendmmsg(socket.fd, headers, ready - done, MSG_DONTWAIT)
      if (count > 0) {
        done += count
        continue
      }
      const reason = this.#native.errno()
      if (reason === EINTR) continue
      const lost = reason === EAGAIN ? ready - done : 1
      this.unsent += lost
      done += lost
    }
  }

  #finish(): void {
    for (const socket of this.sockets) this.#native.close(socket.fd)
    this.#onClosed?.()
  }
}

function newPollSet(sockets: readonly NativeSocket[]): Uint8Array {
  // Memory of its own: the engine keeps small arrays where it may move them, and a thread reads this one.
  const set = new Uint8Array(new ArrayBuffer(sockets.length * POLLFD_SIZE))
  const view = new DataView(set.buffer)
  for (const [index, socket] of sockets.entries()) {
    view.setInt32(index * POLLFD_SIZE, socket.fd, true)
    view.setInt16(index * POLLFD_SIZE + 4, POLLIN, true)
  }
  return set
}
