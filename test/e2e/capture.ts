// What tcpdump sees on loopback, read back as packets: Ethernet frames of IPv4 and IPv6 with TCP or UDP inside.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { formatIp } from '../../src/core/bytes/index.ts'

const FILE_HEAD_BYTES = 24
const RECORD_HEAD_BYTES = 16
const MAGIC = 0xa1b2c3d4
const LINK_ETHERNET = 1
const ETHERNET_HEAD_BYTES = 14
const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const
const PROTOCOL = { tcp: 6, udp: 17 } as const
const IPV6_HEAD_BYTES = 40
const UDP_HEAD_BYTES = 8
const SYN = 2

export interface CapturedPacket {
  readonly kind: 'tcp' | 'udp' | 'other'
  /** `ip:port`, or the bare address where there are no ports; empty where there is no IP. */
  readonly from: string
  readonly to: string
  readonly fromIp: string
  readonly payload: Buffer
  /** Of the payload's first byte; TCP only. */
  readonly sequence: number
  readonly isSyn: boolean
}

/** A running tcpdump. */
export class Capture implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #path: string
  readonly #words: string[] = []

  private constructor(process: ChildProcess, path: string) {
    this.#process = process
    this.#path = path
  }

  /** Resolves when it captures. @throws Error where tcpdump cannot. */
  static async open(path: string, enter: readonly string[]): Promise<Capture> {
    const words = ['tcpdump', '-i', 'lo', '-n', '-U', '-B', '32768', '-Z', 'root', '-w', path]
    const [program = '', ...rest] = [...enter, ...words]
    const child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] })
    const capture = new Capture(child, path)
    const lines = createInterface({ input: child.stderr })
    lines.on('line', line => capture.#words.push(line))
    const ended = once(child, 'exit').then(() => {
      throw new Error(`tcpdump ended: ${capture.#words.join(' ')}`)
    })
    while (!capture.#words.some(line => line.includes('listening on')))
      await Promise.race([once(lines, 'line'), ended])
    ended.catch(() => undefined)
    return capture
  }

  /** Stops it. @returns every packet in order. @throws Error where the kernel had to drop some. */
  async end(): Promise<CapturedPacket[]> {
    const closed = once(this.#process, 'close')
    this.#process.kill('SIGINT')
    await closed
    if (!this.#words.includes('0 packets dropped by kernel'))
      throw new Error(this.#words.join('\n'))
    return readCapture(await readFile(this.#path))
  }

  /** Ends it where nobody asked for its packets: a test that failed before. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const closed = once(this.#process, 'close')
    this.#process.kill('SIGKILL')
    await closed
  }
}

/** @throws Error for a file that is no capture of Ethernet frames in this machine's byte order. */
export function readCapture(file: Buffer): CapturedPacket[] {
  if (file.readUInt32LE(0) !== MAGIC || file.readUInt32LE(20) !== LINK_ETHERNET)
    throw new Error('no capture of Ethernet frames')
  const packets: CapturedPacket[] = []
  for (let at = FILE_HEAD_BYTES; at < file.length; ) {
    const size = file.readUInt32LE(at + 8)
    if (size !== file.readUInt32LE(at + 12)) throw new Error('a packet was captured in part')
    at += RECORD_HEAD_BYTES
    packets.push(readFrame(file.subarray(at, at + size)))
    at += size
  }
  return packets
}

function readFrame(frame: Buffer): CapturedPacket {
  const ip = frame.subarray(ETHERNET_HEAD_BYTES)
  const type = frame.readUInt16BE(12)
  if (type === ETHERTYPE.ipv4) {
    const body = ip.subarray((ip.readUInt8(0) & 15) * 4, ip.readUInt16BE(2))
    return readBody(ip.readUInt8(9), ip.subarray(12, 16), ip.subarray(16, 20), body)
  }
  if (type === ETHERTYPE.ipv6) {
    const body = ip.subarray(IPV6_HEAD_BYTES, IPV6_HEAD_BYTES + ip.readUInt16BE(4))
    return readBody(ip.readUInt8(6), ip.subarray(8, 24), ip.subarray(24, 40), body)
  }
  return { kind: 'other', from: '', to: '', fromIp: '', payload: ip, sequence: 0, isSyn: false }
}

function readBody(protocol: number, from: Buffer, to: Buffer, body: Buffer): CapturedPacket {
  const [fromIp, toIp] = [formatIp(from), formatIp(to)]
  if (protocol !== PROTOCOL.tcp && protocol !== PROTOCOL.udp)
    return {
      kind: 'other',
      from: fromIp,
      to: toIp,
      fromIp,
      payload: body,
      sequence: 0,
      isSyn: false,
    }
  const ends = {
    from: `${fromIp}:${body.readUInt16BE(0)}`,
    to: `${toIp}:${body.readUInt16BE(2)}`,
    fromIp,
  }
  if (protocol === PROTOCOL.udp)
    return {
      kind: 'udp',
      ...ends,
      payload: body.subarray(UDP_HEAD_BYTES),
      sequence: 0,
      isSyn: false,
    }
  const isSyn = (body.readUInt8(13) & SYN) !== 0
  // A SYN takes one number itself.
  const sequence = (body.readUInt32BE(4) + (isSyn ? 1 : 0)) >>> 0
  const payload = body.subarray((body.readUInt8(12) >> 4) * 4)
  return { kind: 'tcp', ...ends, payload, sequence, isSyn }
}

/**
 * What was sent over each TCP connection, in order, by its two ends (`from to`).
 *
 * @throws Error where a part is missing.
 */
export function tcpStreams(packets: readonly CapturedPacket[]): Map<string, Buffer> {
  const flows = new Map<string, { next: number; parts: Buffer[] }>()
  for (const { kind, from, to, payload, sequence, isSyn } of packets) {
    if (kind !== 'tcp') continue
    const key = `${from} ${to}`
    const flow = flows.get(key) ?? { next: sequence, parts: [] }
    if (!isSyn && !flows.has(key)) throw new Error(`the start of ${key} was not captured`)
    flows.set(key, flow)
    if (payload.length === 0) continue
    // Signed, so that a number past the turn of 2^32 counts as later.
    const ahead = (sequence - flow.next) | 0
    if (ahead > 0)
      throw new Error(`a part of ${key} was not captured, or its ports were used twice`)
    const fresh = payload.subarray(Math.min(-ahead, payload.length))
    flow.parts.push(fresh)
    flow.next = (flow.next + fresh.length) >>> 0
  }
  return new Map([...flows].map(([key, { parts }]) => [key, Buffer.concat(parts)]))
}
