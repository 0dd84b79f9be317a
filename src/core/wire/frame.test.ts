import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, latin1 } from '../../../test/support/wire.ts'
import { type Heard, Listener, speak } from '../../../test/support/wire-messages.ts'
import { toHex } from '../bytes/index.ts'
import {
  BLOCK_LIMIT_BYTES,
  ByteWriter,
  EXTENDED_LIMIT_BYTES,
  FrameReader,
  HASHES_MAX,
  MESSAGE_LIMIT_BYTES,
  PROOF_LAYERS_MAX,
  visitFrame,
  WireError,
  writePieceHead,
  writeRequest,
} from './index.ts'

function hear(...chunks: readonly Uint8Array[]): Heard[] {
  const listener = new Listener()
  const reader = new FrameReader(listener)
  for (const chunk of chunks) reader.feed(chunk)
  return listener.heard
}

function fault(bytes: Uint8Array): string {
  try {
    hear(bytes)
  } catch (error) {
    if (error instanceof WireError) return error.name
    throw error
  }
  return 'none'
}

/** The head of a message: its size and its number. */
const head = (size: number, id: number): Uint8Array =>
  Uint8Array.of(size >>> 24, size >>> 16, size >>> 8, size, id)

describe('the layout of messages', () => {
  const piecesRoot = latin1('r'.repeat(32))
  const range = { piecesRoot, baseLayer: 1, index: 512, count: 2, proofLayers: 3 }
  const numbers = '00000001000002000000000200000003'
  const table: [Heard, string][] = [
    [{ kind: 'keepAlive' }, '00000000'],
    [{ kind: 'choke' }, '0000000100'],
    [{ kind: 'unchoke' }, '0000000101'],
    [{ kind: 'interested' }, '0000000102'],
    [{ kind: 'notInterested' }, '0000000103'],
    [{ kind: 'have', piece: 0xfedcba98 }, '0000000504fedcba98'],
    [{ kind: 'bitfield', bits: hex('ff80') }, '0000000305ff80'],
    [{ kind: 'request', piece: 1, begin: 2, size: 3 }, '0000000d06000000010000000200000003'],
    [{ kind: 'piece', piece: 1, begin: 2, block: hex('abcd') }, '0000000b070000000100000002abcd'],
    [{ kind: 'cancel', piece: 1, begin: 2, size: 3 }, '0000000d08000000010000000200000003'],
    [{ kind: 'port', port: 6881 }, '00000003091ae1'],
    [{ kind: 'suggest', piece: 7 }, '000000050d00000007'],
    [{ kind: 'haveAll' }, '000000010e'],
    [{ kind: 'haveNone' }, '000000010f'],
    [{ kind: 'reject', piece: 1, begin: 2, size: 3 }, '0000000d10000000010000000200000003'],
    [{ kind: 'allowedFast', piece: 7 }, '000000051100000007'],
    [{ kind: 'extended', extensionId: 3, payload: hex('6465') }, '0000000414036465'],
    [{ kind: 'hashRequest', range }, `0000003115${'72'.repeat(32)}${numbers}`],
    [
      { kind: 'hashes', range, hashes: new Uint8Array(96).fill(5) },
      `0000009116${'72'.repeat(32)}${numbers}${'05'.repeat(96)}`,
    ],
    [{ kind: 'hashReject', range }, `0000003117${'72'.repeat(32)}${numbers}`],
    [{ kind: 'unknown', id: 99, size: 2 }, '00000003630000'],
  ]

  test.each(table)('%o is written and read as the BEPs say', (message, digits) => {
    expect(toHex(speak(message))).toBe(digits)
    expect(hear(hex(digits))).toEqual([message])
  })

  test('a whole stream reads the same in one chunk, byte by byte and in every two parts', () => {
    const messages = table.map(([message]) => message)
    const stream = speak(...messages)
    expect(hear(stream)).toEqual(messages)
    expect(hear(...Array.from(stream, byte => Uint8Array.of(byte)))).toEqual(messages)
    for (let at = 0; at <= stream.length; at++) {
      expect(hear(stream.subarray(0, at), stream.subarray(at))).toEqual(messages)
    }
  })
})

describe('blocks', () => {
  test('reach the visitor as runs of the chunk itself, never assembled', () => {
    const block = new Uint8Array(BLOCK_LIMIT_BYTES).map((_, at) => at)
    const stream = speak({ kind: 'piece', piece: 5, begin: 16_384, block })
    const runs: [Uint8Array, number, number][] = []
    const listener = new Listener()
    listener.onPieceBytes = (chunk, from, to) => runs.push([chunk, from, to])
    listener.onPieceEnd = () => {}
    const reader = new FrameReader(listener)
    const first = stream.subarray(0, 5000)
    const second = stream.subarray(5000)
    reader.feed(first)
    reader.feed(second)
    expect(runs.map(([, from, to]) => [from, to])).toEqual([
      [13, 5000],
      [0, 11_397],
    ])
    expect(runs[0]?.[0]).toBe(first)
    expect(runs[1]?.[0]).toBe(second)
  })

  test('a part of a larger buffer is read where the caller says', () => {
    const message: Heard = { kind: 'have', piece: 3 }
    const buffer = new Uint8Array(40).fill(255)
    buffer.set(speak(message), 10)
    const listener = new Listener()
    new FrameReader(listener).feed(buffer, 10, 19)
    expect(listener.heard).toEqual([message])
  })

  test('an empty block and one of more than 16 KiB are refused at their head', () => {
    expect(fault(head(9, 7))).toBe('block-size-wrong')
    expect(fault(head(10, 7))).toBe('none')
    expect(fault(head(9 + BLOCK_LIMIT_BYTES, 7))).toBe('none')
    expect(fault(head(10 + BLOCK_LIMIT_BYTES, 7))).toBe('block-size-wrong')
    expect(() => writePieceHead(new ByteWriter(), 0, 0, BLOCK_LIMIT_BYTES + 1)).toThrow(
      'nobody reads',
    )
  })

  test('a batch of requests leaves as one run of 17 bytes each', () => {
    const writer = new ByteWriter()
    for (let index = 0; index < 300; index++) writeRequest(writer, 1, index * 16_384, 16_384)
    const batch = writer.take()
    expect(batch).toHaveLength(300 * 17)
    expect(hear(batch)).toHaveLength(300)
    expect(writer.size).toBe(0)
  })
})

describe('limits', () => {
  test('a message of a wrong size is refused at its head, before its payload comes', () => {
    expect(fault(head(6, 4))).toBe('message-size-wrong')
    expect(fault(head(2, 0))).toBe('message-size-wrong')
    expect(fault(head(12, 6))).toBe('message-size-wrong')
    expect(fault(head(50, 21))).toBe('message-size-wrong')
  })

  test('nothing is longer than the bitfield of the largest torrent', () => {
    expect(fault(head(1 + MESSAGE_LIMIT_BYTES, 5))).toBe('none')
    expect(fault(head(2 + MESSAGE_LIMIT_BYTES, 5))).toBe('message-too-long')
    expect(fault(head(2 + MESSAGE_LIMIT_BYTES, 200))).toBe('message-too-long')
    expect(fault(head(0xffffffff, 5))).toBe('message-too-long')
    expect(fault(head(1 + EXTENDED_LIMIT_BYTES, 20))).toBe('none')
    expect(fault(head(2 + EXTENDED_LIMIT_BYTES, 20))).toBe('extended-size-wrong')
    expect(fault(head(1, 20))).toBe('extended-size-wrong')
  })

  test('a promise of 256 KiB takes no memory until its bytes come', () => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 1000 }, () => {
      const reader = new FrameReader(new Listener())
      reader.feed(head(1 + MESSAGE_LIMIT_BYTES, 5))
      reader.feed(new Uint8Array(100))
      return reader
    })
    expect(readers).toHaveLength(1000)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024)
  })

  test('an unknown message is passed over without being kept', () => {
    const stream = speak({ kind: 'unknown', id: 99, size: 100_000 }, { kind: 'haveAll' })
    const expected = [{ kind: 'unknown', id: 99, size: 100_000 }, { kind: 'haveAll' }]
    expect(hear(stream.subarray(0, 500), stream.subarray(500))).toEqual(expected)
  })

  test('hashes must fit the range that they answer, and the range its bounds', () => {
    const piecesRoot = new Uint8Array(32)
    const message = (count: number, hashes: number, proofLayers = 2, baseLayer = 0) =>
      fault(
        speak({
          kind: 'hashes',
          range: { piecesRoot, baseLayer, index: 0, count, proofLayers },
          hashes: new Uint8Array(hashes * 32),
        }),
      )
    expect(message(4, 4)).toBe('none')
    expect(message(4, 6)).toBe('none')
    expect(message(4, 3)).toBe('hashes-size-wrong')
    expect(message(4, 7)).toBe('hashes-size-wrong')
    expect(message(4, 4.5)).toBe('hashes-size-wrong')
    expect(message(0, 1)).toBe('hash-count-wrong')
    expect(message(HASHES_MAX, HASHES_MAX)).toBe('none')
    expect(message(HASHES_MAX + 1, HASHES_MAX + 1)).toBe('hash-count-wrong')
    expect(message(2, 2, PROOF_LAYERS_MAX)).toBe('none')
    expect(message(2, 2, PROOF_LAYERS_MAX + 1)).toBe('hash-layers-wrong')
    expect(message(2, 2, 0, PROOF_LAYERS_MAX + 1)).toBe('hash-layers-wrong')
    expect(fault(Uint8Array.of(0, 0, 0, 2, 22, 0))).toBe('hashes-truncated')
  })
})

describe('the visitor', () => {
  test('that stops hears nothing more, not even the end of the block', () => {
    const stream = speak(
      { kind: 'unchoke' },
      { kind: 'piece', piece: 0, begin: 0, block: latin1('x') },
      { kind: 'choke' },
    )
    const listener = new Listener()
    const reader = new FrameReader(listener)
    listener.onPieceBytes = () => reader.stop()
    reader.feed(stream)
    reader.feed(stream)
    expect(listener.heard).toEqual([{ kind: 'unchoke' }])
  })

  test('may throw; the error reaches whoever feeds', () => {
    const listener = new Listener()
    listener.onHave = () => {
      throw new WireError('piece-out-of-range', 5)
    }
    const reader = new FrameReader(listener)
    expect(() => reader.feed(speak({ kind: 'have', piece: 9 }))).toThrow('piece-out-of-range')
  })
})

test('visitFrame wants one whole message', () => {
  const listener = new Listener()
  visitFrame(listener, speak({ kind: 'have', piece: 1 }))
  expect(listener.heard).toEqual([{ kind: 'have', piece: 1 }])
  expect(() => visitFrame(listener, hex('000000'))).toThrow('frame-truncated')
  expect(() => visitFrame(listener, hex('0000000504000000'))).toThrow('frame-size-wrong')
  expect(() => visitFrame(listener, hex('000000010000'))).toThrow('frame-size-wrong')
})

test('any stream of messages reads the same however it is cut', () => {
  const word = fc.nat({ max: 0xffffffff })
  const payload = fc.uint8Array({ maxLength: 300 })
  const message: fc.Arbitrary<Heard> = fc.oneof(
    fc.record({ kind: fc.constantFrom('choke', 'unchoke', 'haveAll', 'keepAlive') }),
    fc.record({ kind: fc.constantFrom('have', 'suggest', 'allowedFast'), piece: word }),
    fc.record({
      kind: fc.constantFrom('request', 'cancel', 'reject'),
      piece: word,
      begin: word,
      size: word,
    }),
    fc.record({ kind: fc.constant('bitfield'), bits: payload }),
    fc.record({
      kind: fc.constant('piece'),
      piece: word,
      begin: word,
      block: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    }),
    fc.record({ kind: fc.constant('extended'), extensionId: fc.nat({ max: 255 }), payload }),
    fc.record({
      kind: fc.constant('unknown'),
      id: fc.constantFrom(10, 24, 255),
      size: fc.nat({ max: 300 }),
    }),
  )
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 12 }),
      fc.array(fc.nat({ max: 64 }), { minLength: 1 }),
      (messages, cuts) => {
        const stream = speak(...messages)
        const chunks: Uint8Array[] = []
        let at = 0
        for (let turn = 0; at < stream.length; turn++) {
          const size = 1 + (cuts[turn % cuts.length] ?? 0)
          chunks.push(stream.subarray(at, at + size))
          at += size
        }
        expect(hear(...chunks)).toEqual(messages)
      },
    ),
    { numRuns: 300 },
  )
})
