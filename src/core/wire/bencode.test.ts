import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { latin1, toLatin1 } from '../../../test/support/wire.ts'
import {
  type BencodeInput,
  type BencodeLimits,
  BencodeReader,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
  WireError,
} from './index.ts'

const LIMITS: BencodeLimits = { depthMax: 4, tokensMax: 16, keyOrder: 'sorted' }
const decode = (text: string, limits: Partial<BencodeLimits> = {}) =>
  decodeBencode(latin1(text), { ...LIMITS, ...limits })

/** The name of the error that `text` is refused with. */
function fault(text: string, limits: Partial<BencodeLimits> = {}): string {
  try {
    decode(text, limits)
  } catch (error) {
    if (error instanceof WireError) return error.name
    throw error
  }
  return 'none'
}

describe('values', () => {
  test('the examples of BEP 3 read as it says and are written back as they stood', () => {
    const examples: [string, BencodeValue][] = [
      ['4:spam', latin1('spam')],
      ['i3e', 3],
      ['i-3e', -3],
      ['i0e', 0],
      ['0:', latin1('')],
      ['l4:spam4:eggse', [latin1('spam'), latin1('eggs')]],
      [
        'd3:cow3:moo4:spam4:eggse',
        new Map(Object.entries({ cow: latin1('moo'), spam: latin1('eggs') })),
      ],
      ['d4:spaml1:a1:bee', new Map([['spam', [latin1('a'), latin1('b')]]])],
      ['le', []],
      ['de', new Map()],
    ]
    for (const [text, value] of examples) {
      expect(decode(text), text).toEqual(value)
      expect(toLatin1(encodeBencode(value)), text).toBe(text)
    }
  })

  test('integers are numbers up to 2^53-1 and bigints beyond', () => {
    expect(decode('i9007199254740991e')).toBe(9007199254740991)
    expect(decode('i9007199254740992e')).toBe(9007199254740992n)
    expect(decode('i-9223372036854775808e')).toBe(-9223372036854775808n)
    expect(fault('i123456789012345678901e')).toBe('bencode-integer-too-large')
    expect(() => encodeBencode(2 ** 53)).toThrow('cannot hold exactly')
    expect(() => encodeBencode(1.5)).toThrow('cannot hold exactly')
    expect(toLatin1(encodeBencode(-0))).toBe('i0e')
  })

  test('keys are written in the order of their bytes, whatever the order they were given in', () => {
    const value = { b: 1, aa: 2, a: 3, '\xff': 4, 'a b': undefined }
    expect(toLatin1(encodeBencode(value))).toBe('d1:ai3e2:aai2e1:bi1e1:\xffi4ee')
    expect(() => encodeBencode({ Ω: 1 })).toThrow('a character that is no byte')
  })

  test('text is written as UTF-8', () => {
    expect(toLatin1(encodeBencode('é'))).toBe('2:\xc3\xa9')
  })
})

describe('strictness', () => {
  test.each([
    ['', 'bencode-truncated'],
    ['i', 'bencode-truncated'],
    ['i3', 'bencode-truncated'],
    ['5:spam', 'bencode-truncated'],
    ['99999999999999:x', 'bencode-string-too-long'],
    ['4', 'bencode-truncated'],
    ['l', 'bencode-truncated'],
    ['d1:a', 'bencode-truncated'],
    ['e', 'bencode-unexpected-end'],
    ['ie', 'bencode-integer-malformed'],
    ['i-e', 'bencode-integer-malformed'],
    ['i+1e', 'bencode-integer-malformed'],
    ['i1.5e', 'bencode-integer-malformed'],
    ['i03e', 'bencode-leading-zero'],
    ['i-0e', 'bencode-leading-zero'],
    ['i-03e', 'bencode-leading-zero'],
    ['04:spam', 'bencode-leading-zero'],
    ['4spam', 'bencode-size-malformed'],
    ['-1:a', 'bencode-unknown-byte'],
    ['x', 'bencode-unknown-byte'],
    ['i1ei2e', 'bencode-trailing-bytes'],
    ['di1ei2ee', 'bencode-key-no-string'],
    ['d1:ae', 'bencode-key-without-value'],
    ['d1:ai1e1:ai2ee', 'bencode-key-twice'],
    ['d1:bi1e1:ai2ee', 'bencode-keys-unsorted'],
    ['d2:aai1e1:ai2ee', 'bencode-keys-unsorted'],
  ])('%j is refused as %s', (text, name) => {
    expect(fault(text)).toBe(name)
  })

  test('unsorted keys pass where they are allowed, and the first of equal keys counts', () => {
    const value = decode('d1:bi1e1:ai2e1:bi3ee', { keyOrder: 'any' })
    expect(value).toEqual(
      new Map([
        ['b', 1],
        ['a', 2],
      ]),
    )
  })
})

describe('limits', () => {
  test('one level more than depthMax is refused, wherever it is', () => {
    expect(fault('lllleeee')).toBe('none')
    expect(fault('llllleeeee')).toBe('bencode-too-deep')
    expect(fault('d1:ad1:ad1:ad1:alleeeee')).toBe('bencode-too-deep')
    expect(fault(`${'l'.repeat(1e6)}`)).toBe('bencode-too-deep')
  })

  test('one token more than tokensMax is refused; keys count', () => {
    expect(fault(`l${'i1e'.repeat(15)}e`)).toBe('none')
    expect(fault(`l${'i1e'.repeat(16)}e`)).toBe('bencode-too-many-tokens')
    expect(fault('d1:ai1e1:bi1e1:ci1e1:di1e1:ei1e1:fi1e1:gi1ee')).toBe('none')
    expect(fault('d1:ai1e1:bi1e1:ci1e1:di1e1:ei1e1:fi1e1:gi1e1:hi1ee')).toBe(
      'bencode-too-many-tokens',
    )
  })
})

describe('the reader', () => {
  const reader = new BencodeReader({ depthMax: 8, tokensMax: 64, keyOrder: 'any' })

  test('tells the exact bytes of a value, for hashing', () => {
    const text = 'd8:announce3:url4:infod4:name1:x6:lengthi5ee3:zzzi1ee'
    const bytes = latin1(text)
    const info = reader.find(reader.scan(bytes), 'info')
    expect(info).toBeDefined()
    const { start, end } = reader.range(info ?? 0)
    expect(text.slice(start, end)).toBe('d4:name1:x6:lengthi5ee')
    expect(toLatin1(reader.raw(info ?? 0))).toBe('d4:name1:x6:lengthi5ee')
  })

  test('finds keys behind values that hold lists and dictionaries with the same keys', () => {
    const root = reader.scan(latin1('d1:ad1:bi1ee1:cl1:b1:de1:bi2ee'))
    expect(reader.findInteger(root, 'b')).toBe(2)
    expect(reader.kind(reader.find(root, 'a') ?? 0)).toBe('dictionary')
    expect(reader.find(root, 'd')).toBeUndefined()
  })

  test('a value of another kind or beyond 2^53 counts as absent', () => {
    const root = reader.scan(latin1('d1:a1:x1:bi5e1:ci9007199254740993e1:di-9007199254740991ee'))
    expect(reader.findInteger(root, 'd')).toBe(-9007199254740991)
    expect(reader.findInteger(root, 'a')).toBeUndefined()
    expect(reader.findString(root, 'b')).toBeUndefined()
    expect(reader.findInteger(root, 'c')).toBeUndefined()
    expect(reader.bigInteger(reader.find(root, 'c') ?? 0)).toBe(9007199254740993n)
  })

  test('strings are views of the input, not copies', () => {
    const bytes = latin1('d1:a3:abce')
    const found = reader.findString(reader.scan(bytes), 'a')
    expect(found?.buffer).toBe(bytes.buffer)
  })

  test('a document may be followed by bytes where the caller says so', () => {
    expect(reader.scanPrefix(latin1('d1:ai1eerest'))).toBe(8)
    expect(reader.findInteger(0, 'a')).toBe(1)
  })
})

describe('properties', () => {
  const key = fc.string({
    maxLength: 6,
    unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
  })
  const { value: anyValue } = fc.letrec<{ value: BencodeInput }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      fc.maxSafeInteger(),
      fc
        .bigInt({ min: -(2n ** 63n), max: 2n ** 63n })
        .filter(big => !Number.isSafeInteger(Number(big))),
      fc.uint8Array({ maxLength: 20 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 4, selector: ([name]) => name })
        .map(entries => new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))),
    ),
  }))

  test('decoding undoes encoding', () => {
    fc.assert(
      fc.property(anyValue, value => {
        expect(decodeBencode(encodeBencode(value))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  test('what decodes at all is canonical: encoding it gives the same bytes', () => {
    const alphabet = fc.constantFrom(...'dlei0123456789:-abé')
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 30 }), text => {
        let value: BencodeValue
        try {
          value = decode(text)
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
          return
        }
        expect(toLatin1(encodeBencode(value))).toBe(text)
      }),
      { numRuns: 5000 },
    )
  })
})

test('a WireError is an Error that says what and where, and has no stack to pay for', () => {
  const error = new WireError('frame-too-long', 4)
  expect(error).toBeInstanceOf(Error)
  expect(String(error)).toBe('frame-too-long at byte 4')
  expect('stack' in error && error.stack).toBeFalsy()
})
