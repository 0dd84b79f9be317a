import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeKrpc, encodeKrpc, type KrpcMessage, KrpcScanner, WireError } from './index.ts'

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const want = fc.constantFrom(undefined, 'n4', 'n6', 'both')

const query = fc.record({
  kind: fc.constant('query'),
  method: fc.constantFrom('ping', 'find_node', 'get_peers', 'get'),
  transaction: fc.uint8Array({ minLength: 1, maxLength: 32 }),
  version: fc.constantFrom(undefined, Uint8Array.of(1, 2, 3, 4)),
  id: bytes(20),
  target: bytes(20),
  infohash: bytes(20),
  isReadOnly: fc.boolean(),
  isNoSeed: fc.boolean(),
  isScrape: fc.boolean(),
  want,
}) as unknown as fc.Arbitrary<KrpcMessage & { kind: 'query'; method: 'get' }>

test('a query says the same in place as it does to the decoder', () => {
  const scanner = new KrpcScanner()
  fc.assert(
    fc.property(query, fc.uint8Array({ maxLength: 40 }), (message, before) => {
      const packet = encodeKrpc(message)
      const memory = new Uint8Array(before.length + packet.length + 7).fill(0x65)
      memory.set(packet, before.length)
      const end = before.length + packet.length
      expect(scanner.scan(memory, before.length, end)).toBe(true)
      expect(scanner.kind).toBe('query')
      expect(scanner.method).toBe(message.method)
      const { transactionAt, transactionSize, idAt } = scanner
      expect(memory.slice(transactionAt, transactionAt + transactionSize)).toEqual(
        message.transaction,
      )
      expect(memory.slice(idAt, idAt + 20)).toEqual(message.id)
      expect(scanner.isReadOnly).toBe(message.isReadOnly)
      expect(scanner.hasTarget).toBe((message.method as string) !== 'ping')
      const decoded = decodeKrpc(packet) as { want?: string }
      const wanted = [scanner.wantsIp4 && 'n4', scanner.wantsIp6 && 'n6'].filter(Boolean)
      const expected = decoded.want === 'both' ? ['n4', 'n6'] : [decoded.want].filter(Boolean)
      expect(wanted).toEqual(expected)
    }),
  )
})

test('the id of a response is that of its return values', () => {
  const scanner = new KrpcScanner()
  const id = new Uint8Array(20).fill(7)
  const packet = encodeKrpc({ kind: 'response', transaction: Uint8Array.of(1), id })
  expect(scanner.scan(packet, 0, packet.length)).toBe(true)
  expect(scanner.kind).toBe('response')
  expect(packet.slice(scanner.idAt, scanner.idAt + 20)).toEqual(id)
})

test('what lies behind the end of a packet changes nothing', () => {
  const scanner = new KrpcScanner()
  fc.assert(
    fc.property(
      query,
      fc.nat(),
      fc.uint8Array({ minLength: 30, maxLength: 30 }),
      (message, cut, rest) => {
        const packet = encodeKrpc(message)
        const end = cut % packet.length
        const alone = new Uint8Array(packet.length + 30)
        alone.set(packet.subarray(0, end))
        const followed = alone.slice()
        followed.set(rest, end)
        expect(scanner.scan(alone, 0, end)).toBe(false)
        expect(scanner.scan(followed, 0, end)).toBe(false)
      },
    ),
  )
})

test('a packet with changed bytes is read or refused, and what is read lies inside of it', () => {
  const scanner = new KrpcScanner()
  const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }))
  fc.assert(
    fc.property(query, fc.array(change, { minLength: 1, maxLength: 6 }), (message, changes) => {
      const packet = encodeKrpc(message)
      for (const [at, byte] of changes) packet[at % packet.length] = byte
      if (!scanner.scan(packet, 0, packet.length)) return
      expect(scanner.idAt + 20).toBeLessThanOrEqual(packet.length)
      expect(scanner.transactionAt + scanner.transactionSize).toBeLessThanOrEqual(packet.length)
    }),
    { numRuns: 1000 },
  )
})

test('whatever the decoder takes for a query, the scanner takes too', () => {
  const scanner = new KrpcScanner()
  const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }))
  fc.assert(
    fc.property(query, fc.array(change, { minLength: 1, maxLength: 3 }), (message, changes) => {
      const packet = encodeKrpc(message)
      for (const [at, byte] of changes) packet[at % packet.length] = byte
      try {
        if (decodeKrpc(packet).kind !== 'query') return
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
        return
      }
      expect(scanner.scan(packet, 0, packet.length)).toBe(true)
      expect(scanner.kind).toBe('query')
    }),
    { numRuns: 1000 },
  )
})
