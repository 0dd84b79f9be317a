// Memory for many datagrams in one system call, laid out once: each datagram has its place for what it says,
// where it came from, and what it is answered.
import type { Address } from '../../core/bytes/index.ts'
import {
  ANSWER_LIMIT_BYTES,
  type AnswerSlot,
  type BootstrapServer,
  type Datagram,
} from '../../core/services/bootstrap/index.ts'
import { HEADER, HEADER_SIZE, type Native, SOCKADDR_ROOM, VECTOR_SIZE } from './native.ts'
import { IP_AT, SOCKADDR_SIZE, writeSockaddr } from './sockaddr.ts'
import { DATAGRAM_LIMIT_BYTES } from './transport.ts'

/** More in one call gains nothing (measured) and makes the first of them wait for the last. */
export const BATCH_SIZE = 64
const HEADER_WORDS = HEADER_SIZE / 4
const HIGH_WORD = 0x1_0000_0000

/** A row of equal places in memory whose address the system knows. */
class Places {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly #address: number

  constructor(native: Native, sizeBytes: number) {
    const memory = new ArrayBuffer(BATCH_SIZE * sizeBytes)
    this.bytes = new Uint8Array(memory)
    this.words = new Int32Array(memory)
    this.#address = native.addressOf(this.bytes)
  }

  /** Writes the address of byte `at` as a pointer into the words of `other`. */
  point(at: number, other: Places, wordAt: number): void {
    const address = this.#address + at
    other.words[wordAt] = (address % HIGH_WORD) | 0
    other.words[wordAt + 1] = (address / HIGH_WORD) | 0
  }
}

/** A datagram in the memory of the batch; one object stands for one after another. */
class LentDatagram implements Datagram {
  readonly bytes: Uint8Array
  readonly ip: Uint8Array
  start = 0
  end = 0
  ipAt = 0
  ipSize: 4 | 16 = 4
  port = 0
  socket = 0

  constructor(bytes: Uint8Array, ip: Uint8Array) {
    this.bytes = bytes
    this.ip = ip
  }
}

export class DatagramBatch {
  /** Headers for `recvmmsg` and `sendmmsg`. */
  readonly received: Uint8Array
  readonly sent: Uint8Array
  readonly #received: Places
  readonly #sent: Places
  readonly #content: Places
  readonly #answers: Places
  readonly #contentVectors: Places
  readonly #answerVectors: Places
  readonly #sources: Places
  readonly #datagram: LentDatagram
  readonly #slot: AnswerSlot

  constructor(native: Native) {
    this.#received = new Places(native, HEADER_SIZE)
    this.#sent = new Places(native, HEADER_SIZE)
    this.#content = new Places(native, DATAGRAM_LIMIT_BYTES)
    this.#answers = new Places(native, ANSWER_LIMIT_BYTES)
    this.#contentVectors = new Places(native, VECTOR_SIZE)
    this.#answerVectors = new Places(native, VECTOR_SIZE)
    this.#sources = new Places(native, SOCKADDR_ROOM)
    this.received = this.#received.bytes
    this.sent = this.#sent.bytes
    this.#datagram = new LentDatagram(this.#content.bytes, this.#sources.bytes)
    this.#slot = { bytes: this.#answers.bytes, start: 0, end: 0 }
    for (let index = 0; index < BATCH_SIZE; index++) this.#layOut(index)
  }

  /** Makes ready for a `recvmmsg`: the last one wrote over the sizes of the addresses. */
  clear(): void {
    for (let index = 0; index < BATCH_SIZE; index++) {
      this.#received.words[index * HEADER_WORDS + HEADER.nameSize / 4] = SOCKADDR_ROOM
    }
  }

  /**
   * Lets `server` answer the first `count` datagrams of the last `recvmmsg`.
   *
   * @returns how many headers of `sent` are ready for a `sendmmsg`.
   */
  answer(
    server: BootstrapServer,
    nowMs: number,
    ipSize: 4 | 16,
    socket: number,
    count: number,
  ): number {
    const datagram = this.#datagram
    const slot = this.#slot
    const sources = this.#sources.bytes
    datagram.ipSize = ipSize
    datagram.socket = socket
    let ready = 0
    for (let index = 0; index < count; index++) {
      const source = index * SOCKADDR_ROOM
      datagram.start = index * DATAGRAM_LIMIT_BYTES
      datagram.end =
        datagram.start + (this.#received.words[index * HEADER_WORDS + HEADER.size / 4] as number)
      datagram.ipAt = source + IP_AT[ipSize]
      datagram.port = ((sources[source + 2] as number) << 8) | (sources[source + 3] as number)
      slot.start = index * ANSWER_LIMIT_BYTES
      if (!server.answer(nowMs, datagram, slot)) continue
      this.#ready(ready++, index, slot.start, slot.end - slot.start, SOCKADDR_SIZE[ipSize])
    }
    return ready
  }

  /** The headers of `sent` from `index` on. */
  sentFrom(index: number): Uint8Array {
    return this.sent.subarray(index * HEADER_SIZE)
  }

  /** Puts a datagram of ours into the place `index`, ready for a `sendmmsg`. */
  put(index: number, to: Address, bytes: Uint8Array): void {
    const start = index * ANSWER_LIMIT_BYTES
    this.#answers.bytes.set(bytes, start)
    const nameSize = writeSockaddr(this.#sources.bytes, index * SOCKADDR_ROOM, to)
    this.#ready(index, index, start, bytes.length, nameSize)
  }

  /** Makes the header `ready` send `size` bytes of the answers from `start` to the source `index`. */
  #ready(ready: number, index: number, start: number, size: number, nameSize: number): void {
    const header = ready * HEADER_WORDS
    this.#sources.point(index * SOCKADDR_ROOM, this.#sent, header)
    this.#sent.words[header + HEADER.nameSize / 4] = nameSize
    const vector = ready * (VECTOR_SIZE / 4)
    this.#answers.point(start, this.#answerVectors, vector)
    this.#answerVectors.words[vector + 2] = size
  }

  #layOut(index: number): void {
    const header = index * HEADER_WORDS
    const vectors = header + HEADER.vectors / 4
    const vector = index * (VECTOR_SIZE / 4)
    this.#sources.point(index * SOCKADDR_ROOM, this.#received, header)
    this.#contentVectors.point(index * VECTOR_SIZE, this.#received, vectors)
    this.#received.words[header + HEADER.vectorCount / 4] = 1
    this.#content.point(index * DATAGRAM_LIMIT_BYTES, this.#contentVectors, vector)
    this.#contentVectors.words[vector + 2] = DATAGRAM_LIMIT_BYTES
    this.#answerVectors.point(index * VECTOR_SIZE, this.#sent, vectors)
    this.#sent.words[header + HEADER.vectorCount / 4] = 1
  }
}
