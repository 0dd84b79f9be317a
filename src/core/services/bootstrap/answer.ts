// Writes what the server says, in place: an answer is made where it is sent from.
import type { KrpcScanner } from '../../wire/index.ts'
import { COOKIE_SIZE, type Endpoint } from './cookie.ts'
import type { NodeRing } from './ring.ts'

/** A longer transaction id is cut in the error that answers it. See attacks.md, "amplifier". */
export const TRANSACTION_ECHO_LIMIT = 32
/** Room that an answer needs: two families of nodes, and what is around them. */
export const ANSWER_LIMIT_BYTES = 1408
/** What the nodes of an answer may take; the rest is for head, transaction id and `ip`. */
export const NODES_LIMIT_BYTES = 1300

/** Where an answer is written: `bytes[start..end-1]`, of `ANSWER_LIMIT_BYTES` at most. */
export interface AnswerSlot {
  readonly bytes: Uint8Array
  /** Set by whoever lends the memory. */
  start: number
  /** Set by whoever writes. */
  end: number
}

/** A slot with memory of its own. */
export const newAnswerSlot = (): AnswerSlot => ({
  bytes: new Uint8Array(ANSWER_LIMIT_BYTES),
  start: 0,
  end: 0,
})

/** A datagram in lent memory, and where it came from. */
export interface Datagram extends Endpoint {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** Which of our sockets it came to, 0–63. */
  readonly socket: number
}

const codes = (text: string): Uint8Array => Uint8Array.from(text, letter => letter.charCodeAt(0))
const IP4 = codes('2:ip6:')
const IP6 = codes('2:ip18:')
const RETURN = codes('1:rd2:id20:')
/** aria2 takes no answer to `get_peers` without a token. Ours is good for nothing: nothing can be announced. */
const TOKEN = codes('5:token1:-')
const TRANSACTION = codes('1:t')
const IS_RESPONSE = codes('1:y1:re')
const IS_ERROR = codes('1:y1:ee')
const PING_HEAD = codes('d1:ad2:id20:')
const PING_TAIL = codes('e1:q4:ping1:t8:')
const IS_QUERY = codes('1:y1:qe')
const ERRORS = {
  203: codes('1:eli203e14:Protocol Errore'),
  204: codes('1:eli204e14:Method Unknowne'),
} as const

const DICTIONARY = 0x64
const END = 0x65
const COLON = 0x3a

/** What is named of one family: `limit` nodes, 0–64, of which the ring has that many. */
export interface Share {
  readonly ring: NodeRing
  readonly page: number
  readonly limit: number
}

/** `5:nodes416:` and `6:nodes6608:` by the number of nodes. */
const HEADS4 = Array.from({ length: 65 }, (_, count) => codes(`5:nodes${count * 26}:`))
const HEADS6 = Array.from({ length: 65 }, (_, count) => codes(`6:nodes6${count * 38}:`))

const nodesHead = (share: Share): Uint8Array =>
  (share.ring.store.ipSize === 4 ? HEADS4 : HEADS6)[share.limit] as Uint8Array

export class AnswerWriter {
  /** The answer to a ping. */
  pong(slot: AnswerSlot, query: Datagram, scan: KrpcScanner, id: Uint8Array): void {
    let at = this.#head(slot, slot.start, query, id)
    slot.bytes[at++] = END
    this.#tail(slot, at, query, scan, IS_RESPONSE)
  }

  /** The answer to all queries that want nodes: what the one or two families have to offer. */
  nodes(
    slot: AnswerSlot,
    query: Datagram,
    scan: KrpcScanner,
    id: Uint8Array,
    first: Share,
    second: Share | undefined,
  ): void {
    const { bytes } = slot
    let at = this.#head(slot, slot.start, query, id)
    at = put(bytes, at, nodesHead(first))
    at += this.#copy(slot, at, first)
    if (second !== undefined) {
      at = put(bytes, at, nodesHead(second))
      at += this.#copy(slot, at, second)
    }
    if (scan.method === 'get_peers') at = put(bytes, at, TOKEN)
    bytes[at++] = END
    this.#tail(slot, at, query, scan, IS_RESPONSE)
  }

  error(slot: AnswerSlot, query: Datagram, scan: KrpcScanner, code: 203 | 204): void {
    slot.bytes[slot.start] = DICTIONARY
    const at = put(slot.bytes, slot.start + 1, ERRORS[code])
    this.#tail(slot, writeIp(slot.bytes, at, query), query, scan, IS_ERROR)
  }

  /** `d2:ip…1:rd2:id20:…`; answers where it ends. */
  #head(slot: AnswerSlot, start: number, query: Datagram, id: Uint8Array): number {
    slot.bytes[start] = DICTIONARY
    const at = put(slot.bytes, writeIp(slot.bytes, start + 1, query), RETURN)
    return put(slot.bytes, at, id)
  }

  #tail(
    slot: AnswerSlot,
    start: number,
    query: Datagram,
    scan: KrpcScanner,
    kind: Uint8Array,
  ): void {
    const { bytes } = slot
    const size = Math.min(scan.transactionSize, TRANSACTION_ECHO_LIMIT)
    let at = put(bytes, start, TRANSACTION)
    if (size > 9) bytes[at++] = 0x30 + Math.floor(size / 10)
    bytes[at++] = 0x30 + (size % 10)
    bytes[at++] = COLON
    for (let index = 0; index < size; index++) {
      bytes[at++] = query.bytes[scan.transactionAt + index] as number
    }
    slot.end = put(bytes, at, kind)
  }

  #copy(slot: AnswerSlot, at: number, share: Share): number {
    const { ring, page, limit } = share
    if (limit === 0) return 0
    return ring.copyPage(page, slot.bytes, at, limit) * ring.store.nodeSize
  }
}

/** A ping whose cookie is written by the caller, 8 bytes at `cookieAt`. */
export function writePing(id: Uint8Array): { bytes: Uint8Array; cookieAt: number } {
  const bytes = new Uint8Array(
    PING_HEAD.length + id.length + PING_TAIL.length + COOKIE_SIZE + IS_QUERY.length,
  )
  const cookieAt = put(bytes, put(bytes, put(bytes, 0, PING_HEAD), id), PING_TAIL)
  put(bytes, cookieAt + COOKIE_SIZE, IS_QUERY)
  return { bytes, cookieAt }
}

/** How the visitor is seen from here. @see BEP 42 */
function writeIp(bytes: Uint8Array, start: number, visitor: Endpoint): number {
  let at = put(bytes, start, visitor.ipSize === 4 ? IP4 : IP6)
  for (let index = 0; index < visitor.ipSize; index++) {
    bytes[at++] = visitor.ip[visitor.ipAt + index] as number
  }
  bytes[at++] = visitor.port >> 8
  bytes[at++] = visitor.port
  return at
}

function put(bytes: Uint8Array, start: number, text: Uint8Array): number {
  for (let index = 0; index < text.length; index++) bytes[start + index] = text[index] as number
  return start + text.length
}
