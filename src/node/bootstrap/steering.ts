// Which of the sockets on one port gets a datagram: a program of a few instructions that the kernel runs
// for each. Without one the kernel goes by source and port, and counts a socket that is about to close.
import { type Native, SO_ATTACH_REUSEPORT_CBPF, SOL_SOCKET } from './native.ts'

/** Instructions of the classic packet filter. @see Linux, Documentation/networking/filter.rst */
const LOAD_WORD = 0x20
const MULTIPLY = 0x24
const ADD = 0x04
const MODULO = 0x94
const SHIFT_RIGHT = 0x74
const XOR_X = 0xac
const COPY_TO_X = 0x07
const RETURN = 0x16
/** Offsets from here on count from the start of the IP header (SKF_NET_OFF). */
const IP_HEADER = 0xfff00000
const IP4_SOURCE = 12
const IP6_SOURCE = 8
/** Spreads neighbouring addresses (Knuth). */
const SPREADER = 0x9e3779b1

type Instruction = readonly [code: number, operand: number]

/** Sockets `first..first+count-1`, numbered in the order in which they were bound. */
export interface SocketRange {
  readonly first: number
  readonly count: number
}

/**
 * Sends each datagram to one of the sockets of a range, chosen by its source IP alone (the /64 of IPv6): one
 * host meets one process, whatever port it comes from.
 *
 * @returns whether the kernel took it.
 */
export function steer(native: Native, fd: number, ipSize: 4 | 16, range: SocketRange): boolean {
  const program = programFor(ipSize, range)
  const code = new Uint8Array(new ArrayBuffer(program.length * 8))
  const view = new DataView(code.buffer)
  for (const [index, [operation, operand]] of program.entries()) {
    view.setUint16(index * 8, operation, true)
    view.setUint32(index * 8 + 4, operand, true)
  }
  // `struct sock_fprog`: the number of instructions, and where they are.
  const description = new Uint8Array(16)
  const words = new DataView(description.buffer)
  words.setUint16(0, program.length, true)
  words.setBigUint64(8, BigInt(native.addressOf(code)), true)
  return native.setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, description, 16) === 0
}

function programFor(ipSize: 4 | 16, { first, count }: SocketRange): readonly Instruction[] {
  const place: Instruction[] = [
    [MULTIPLY, SPREADER],
    [SHIFT_RIGHT, 16],
    [MODULO, count],
    [ADD, first],
    [RETURN, 0],
  ]
  if (ipSize === 4) return [[LOAD_WORD, IP_HEADER + IP4_SOURCE], ...place]
  return [
    [LOAD_WORD, IP_HEADER + IP6_SOURCE],
    [MULTIPLY, SPREADER],
    [COPY_TO_X, 0],
    [LOAD_WORD, IP_HEADER + IP6_SOURCE + 4],
    [XOR_X, 0],
    ...place,
  ]
}
