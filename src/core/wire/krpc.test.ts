import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { digests, hex, latin1, readVectors, toLatin1 } from '../../../test/support/wire.ts'
import { concatBytes, formatAddress, parseAddress, toHex } from '../bytes/index.ts'
import {
  decodeKrpc,
  encodeKrpc,
  ITEM_LIMIT_BYTES,
  KRPC_LIMIT_BYTES,
  KRPC_TEXT_LIMIT,
  type KrpcMessage,
  type KrpcResponse,
  packContacts,
  parseContacts,
  signedBytes,
  TOKEN_LIMIT_BYTES,
  TRANSACTION_LIMIT_BYTES,
  WireError,
} from './index.ts'

const ID = 'abcdefghij0123456789'
const TARGET = 'mnopqrstuvwxyz123456'
const decode = (text: string) => decodeKrpc(latin1(text))
const query = (method: string, a: string, end = '1:t2:aa1:y1:qe') =>
  decode(`d1:ad2:id20:${ID}${a}e1:q${method.length}:${method}${end}`)
const response = (r: string) => decode(`d1:rd2:id20:${ID}${r}e1:t2:aa1:y1:re`) as KrpcResponse

function fault(text: string): string {
  try {
    decode(text)
  } catch (error) {
    if (error instanceof WireError) return error.name
    throw error
  }
  return 'none'
}

describe('the examples of BEP 5', () => {
  interface Example {
    readonly name: string
    readonly bytes: string
    readonly [field: string]: unknown
  }
  const { messages } = readVectors<{ messages: Example[] }>('bep5.json')

  test.each(messages)('$name reads as it says and is written as it stood', example => {
    const { name: _, bytes, peers, ...fields } = example
    const message = decode(bytes)
    for (const [field, expected] of Object.entries(fields)) {
      const value: unknown = message[field as keyof KrpcMessage]
      expect(value instanceof Uint8Array ? toLatin1(value) : value, field).toEqual(expected)
    }
    if (peers !== undefined) {
      expect((message as KrpcResponse).peers?.map(formatAddress)).toEqual(peers)
    }
    expect(toLatin1(encodeKrpc(message))).toBe(bytes)
  })
})

describe('the items of BEP 44', () => {
  const vectors = readVectors<{
    readonly value: string
    readonly key: string
    readonly mutable: { readonly signed: string; readonly signature: string }
    readonly salted: { readonly signed: string; readonly signature: string; readonly salt: string }
  }>('bep44.json')
  const key = createPublicKey({
    key: Buffer.concat([hex('302a300506032b6570032100'), hex(vectors.key)]),
    format: 'der',
    type: 'spki',
  })

  test('the signed bytes are those of the vectors, and their signatures hold', () => {
    const value = latin1(vectors.value)
    const plain = signedBytes({ sequence: 1n, value })
    expect(toLatin1(plain)).toBe(vectors.mutable.signed)
    expect(verify(null, plain, key, hex(vectors.mutable.signature))).toBe(true)
    const salted = signedBytes({ sequence: 1n, value, salt: latin1(vectors.salted.salt) })
    expect(toLatin1(salted)).toBe(vectors.salted.signed)
    expect(verify(null, salted, key, hex(vectors.salted.signature))).toBe(true)
    expect(signedBytes({ sequence: 1n, value, salt: new Uint8Array(0) })).toEqual(plain)
  })

  test('an item keeps its bytes as they stood, keys out of order included', () => {
    const item = 'd1:bi1e1:ali2e0:ee'
    const put = query('put', `5:token2:tt1:v${item}`)
    expect(put).toMatchObject({ method: 'put', mutable: undefined })
    expect(put.kind === 'query' && put.method === 'put' && toLatin1(put.value)).toBe(item)
    const got = response(`1:v${item}`)
    expect(toLatin1(got.value ?? latin1(''))).toBe(item)
  })

  test('a mutable put needs key, signature and sequence number, each of the right size', () => {
    const k = `1:k32:${'k'.repeat(32)}`
    const seq = '3:seqi5e'
    const sig = `3:sig64:${'s'.repeat(64)}`
    const end = '5:token2:tt1:vi1e'
    expect(query('put', k + seq + sig + end)).toMatchObject({
      method: 'put',
      mutable: { sequence: 5n, salt: undefined, cas: undefined },
    })
    expect(query('put', k + sig + end)).toMatchObject({ method: 'other', fault: 203 })
    expect(query('put', k + seq + end)).toMatchObject({ method: 'other', fault: 203 })
    expect(query('put', `1:k31:${'k'.repeat(31)}${seq}${sig}${end}`)).toMatchObject({ fault: 203 })
    expect(query('put', `${k}3:seqi-1e${sig}${end}`)).toMatchObject({ fault: 203 })
    expect(query('put', `${k}3:seqi9223372036854775808e${sig}${end}`)).toMatchObject({ fault: 203 })
    const salt = (size: number) => `4:salt${size}:${'x'.repeat(size)}`
    expect(query('put', k + salt(64) + seq + sig + end)).toMatchObject({ method: 'put' })
    expect(query('put', k + salt(65) + seq + sig + end)).toMatchObject({
      method: 'other',
      fault: 207,
    })
  })

  test('an item longer than 1,000 bytes is refused with 205, in a response it is not there', () => {
    const item = (size: number) => `1:v${size - 4}:${'x'.repeat(size - 4)}`
    expect(query('put', `5:token2:tt${item(ITEM_LIMIT_BYTES)}`)).toMatchObject({ method: 'put' })
    expect(query('put', `5:token2:tt${item(ITEM_LIMIT_BYTES + 1)}`)).toMatchObject({ fault: 205 })
    expect(response(item(ITEM_LIMIT_BYTES)).value).toHaveLength(ITEM_LIMIT_BYTES)
    expect(response(item(ITEM_LIMIT_BYTES + 1)).value).toBeUndefined()
  })
})

describe('queries', () => {
  test('options are read wherever BEP 32, 33, 43 and 51 put them', () => {
    const end = '2:roi1e1:t2:aa1:v4:UT121:y1:qe'
    expect(
      query('get_peers', `9:info_hash20:${TARGET}6:noseedi1e6:scrapei1e4:wantl2:n42:n6e`, end),
    ).toMatchObject({
      isReadOnly: true,
      version: latin1('UT12'),
      want: 'both',
      isNoSeed: true,
      isScrape: true,
    })
    expect(query('find_node', `6:target20:${TARGET}4:wantl2:n6e`)).toMatchObject({ want: 'n6' })
    expect(query('find_node', `6:target20:${TARGET}4:wantl2:zze`)).toMatchObject({
      want: undefined,
    })
    expect(query('sample_infohashes', `6:target20:${TARGET}`)).toMatchObject({
      method: 'sample_infohashes',
    })
    expect(query('get', `3:seqi7e6:target20:${TARGET}`)).toMatchObject({
      method: 'get',
      sequence: 7n,
    })
  })

  test('a port is 1 to 65535, or implied and then not looked at', () => {
    const announce = (a: string) =>
      query('announce_peer', `${a}9:info_hash20:${TARGET}4:porti${0}e5:token2:tt`)
    expect(announce('12:implied_porti1e')).toMatchObject({ isPortImplied: true, port: 0 })
    expect(announce('12:implied_porti0e')).toMatchObject({ method: 'other', fault: 203 })
    const withPort = (port: number) =>
      query('announce_peer', `9:info_hash20:${TARGET}4:porti${port}e5:token2:tt`)
    expect(withPort(65_535)).toMatchObject({ method: 'announce_peer', port: 65_535 })
    expect(withPort(65_536)).toMatchObject({ method: 'other', fault: 203 })
    expect(withPort(-1)).toMatchObject({ method: 'other', fault: 203 })
  })

  test('what cannot be served says with which error to answer, and keeps its transaction id', () => {
    expect(query('find_node', '')).toMatchObject({
      method: 'other',
      fault: 203,
      transaction: latin1('aa'),
    })
    expect(query('find_node', '6:target19:nopqrstuvwxyz123456')).toMatchObject({ fault: 203 })
    expect(query('vote', `6:target20:${TARGET}`)).toMatchObject({
      method: 'other',
      name: 'vote',
      fault: 204,
      target: latin1(TARGET),
    })
    expect(decode('d1:q4:ping1:t2:aa1:y1:qe')).toMatchObject({ method: 'other', fault: 203 })
    expect(decode('d1:ad2:id3:abce1:q4:ping1:t2:aa1:y1:qe')).toMatchObject({ fault: 203 })
  })

  test('a transaction id longer than 32 bytes is answered with 203 and never was ours', () => {
    const t = (size: number) => `1:t${size}:${'t'.repeat(size)}`
    const limit = TRANSACTION_LIMIT_BYTES
    expect(query('ping', '', `${t(limit)}1:y1:qe`)).toMatchObject({ method: 'ping' })
    expect(query('ping', '', `${t(limit + 1)}1:y1:qe`)).toMatchObject({
      method: 'other',
      fault: 203,
    })
    expect(fault(`d1:rd2:id20:${ID}e${t(limit + 1)}1:y1:re`)).toBe('krpc-transaction-too-long')
  })

  test('a token longer than its limit is as good as none', () => {
    const token = (size: number) => `5:token${size}:${'t'.repeat(size)}`
    expect(response(token(TOKEN_LIMIT_BYTES)).token).toHaveLength(TOKEN_LIMIT_BYTES)
    expect(response(token(TOKEN_LIMIT_BYTES + 1)).token).toBeUndefined()
  })
})

describe('responses', () => {
  test('endpoints with port 0 and IPv4 in IPv6 clothes are left out', () => {
    const mapped = `18:${'\0'.repeat(10)}\xff\xff\x01\x02\x03\x04\x1a\xe1`
    const got = response(`6:valuesl6:abcdef6:abcd\0\0${mapped}i5e7:abcdefg18:${'x'.repeat(18)}e`)
    expect(got.peers?.map(formatAddress)).toEqual([
      '97.98.99.100:25958',
      '[7878:7878:7878:7878:7878:7878:7878:7878]:30840',
    ])
  })

  test('an empty list of values is not the same as none', () => {
    expect(response('6:valuesle').peers).toEqual([])
    expect(response('').peers).toBeUndefined()
  })

  test('a broken last contact is cut off', () => {
    expect(response(`5:nodes27:${'n'.repeat(27)}`).nodes).toHaveLength(26)
    expect(response(`6:nodes637:${'n'.repeat(37)}`).nodes6).toHaveLength(0)
  })

  test('our address as others see it is read from the message, 6 or 18 bytes', () => {
    const ip = (text: string) =>
      (decode(`d2:ip${text}1:rd2:id20:${ID}e1:t2:aa1:y1:re`) as KrpcResponse).ip
    expect(formatAddress(ip('6:abcdef') ?? { ip: latin1(''), port: 0 })).toBe('97.98.99.100:25958')
    expect(ip('4:abcd')).toBeUndefined()
  })

  test('samples, filters and the interval of BEP 33 and 51 keep to their bounds', () => {
    const got = response(
      `4:BFpe256:${'p'.repeat(256)}4:BFsd255:${'s'.repeat(255)}8:intervali99999e3:numi-1e7:samples41:${'h'.repeat(41)}`,
    )
    expect(got.peerFilter).toHaveLength(256)
    expect(got.seedFilter).toBeUndefined()
    expect(got.sampleIntervalSeconds).toBe(21_600)
    expect(got.sampleTotal).toBeUndefined()
    expect(got.samples).toHaveLength(40)
  })
})

describe('datagrams that deserve no answer', () => {
  test.each([
    ['i1e', 'krpc-no-dictionary'],
    ['de', 'krpc-no-transaction'],
    ['d1:t0:e', 'krpc-no-transaction'],
    ['d1:ti1e1:y1:qe', 'krpc-no-transaction'],
    ['d1:t2:aae', 'krpc-no-kind'],
    ['d1:t2:aa1:y1:xe', 'krpc-unknown-kind'],
    ['d1:t2:aa1:y1:qe', 'krpc-no-method'],
    ['d1:t2:aa1:y1:re', 'krpc-no-return'],
    ['d1:rde1:t2:aa1:y1:re', 'krpc-no-id'],
    ['d1:t2:aa1:y1:qei0e', 'bencode-trailing-bytes'],
  ])('%s is %s', (text, name) => {
    expect(fault(text)).toBe(name)
  })

  test('an error text and the name of an unknown method are cut at their limit', () => {
    const long = 'm'.repeat(KRPC_TEXT_LIMIT + 1)
    const error = decode(`d1:eli201e${long.length}:${long}e1:t2:aa1:y1:ee`)
    expect(error.kind === 'error' && error.message).toHaveLength(KRPC_TEXT_LIMIT)
    const unknown = query(long, '')
    expect(unknown.kind === 'query' && unknown.method === 'other' && unknown.name).toHaveLength(
      KRPC_TEXT_LIMIT,
    )
  })

  test('too long, too deep, too many tokens', () => {
    expect(fault('x'.repeat(KRPC_LIMIT_BYTES + 1))).toBe('krpc-too-long')
    expect(fault('l'.repeat(17))).toBe('bencode-too-deep')
    expect(fault(`l${'0:'.repeat(1024)}e`)).toBe('bencode-too-many-tokens')
  })
})

describe('contacts', () => {
  test('packing undoes parsing, and port 0 is left out', () => {
    const contacts = [
      { id: latin1(ID), address: parseAddress('1.2.3.4:5') },
      { id: latin1(TARGET), address: parseAddress('255.0.0.1:65535') },
    ].map(({ id, address }) => ({ id, address: address ?? { ip: latin1(''), port: 0 } }))
    const compact = packContacts(contacts, 4)
    expect(compact).toHaveLength(52)
    expect(parseContacts(compact, 4)).toEqual(contacts)
    compact.fill(0, 24, 26)
    expect(parseContacts(compact, 4)).toEqual(contacts.slice(1))
    expect(parseContacts(concatBytes(compact, latin1('rest')), 4)).toHaveLength(1)
  })
})

describe('properties', () => {
  const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const id = bytes(20)
  const want = maybe(fc.constantFrom('n4' as const, 'n6' as const, 'both' as const))
  const sequence = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
  const address = fc.record({
    ip: fc.oneof(
      bytes(4),
      bytes(16).filter(ip => toHex(ip.subarray(0, 12)) !== `${'0'.repeat(20)}ffff`),
    ),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
  const envelope = {
    transaction: fc.uint8Array({ minLength: 1, maxLength: 32 }),
    version: maybe(fc.uint8Array({ maxLength: 8 })),
  }
  const queryBase = {
    kind: fc.constant('query' as const),
    ...envelope,
    isReadOnly: fc.boolean(),
    id,
  }
  const token = fc.uint8Array({ maxLength: 40 })
  const value = fc.constantFrom('i5e', '3:abc', 'le', 'd1:ai1ee').map(latin1)
  const message: fc.Arbitrary<KrpcMessage> = fc.oneof(
    fc.record({ ...queryBase, method: fc.constant('ping' as const) }),
    fc.record({
      ...queryBase,
      method: fc.constantFrom('find_node' as const, 'sample_infohashes' as const),
      target: id,
      want,
    }),
    fc.record({
      ...queryBase,
      method: fc.constant('get_peers' as const),
      infohash: id,
      want,
      isNoSeed: fc.boolean(),
      isScrape: fc.boolean(),
    }),
    fc.record({
      ...queryBase,
      method: fc.constant('announce_peer' as const),
      infohash: id,
      port: fc.integer({ min: 1, max: 65_535 }),
      isPortImplied: fc.constant(false),
      isSeed: fc.boolean(),
      token,
    }),
    fc.record({
      ...queryBase,
      method: fc.constant('get' as const),
      target: id,
      sequence: maybe(sequence),
      want,
    }),
    fc.record({
      ...queryBase,
      method: fc.constant('put' as const),
      token,
      value,
      mutable: maybe(
        fc.record({
          key: bytes(32),
          signature: bytes(64),
          sequence,
          salt: maybe(fc.uint8Array({ minLength: 1, maxLength: 64 })),
          cas: maybe(sequence),
        }),
      ),
    }),
    fc.record({
      kind: fc.constant('response' as const),
      ...envelope,
      id,
      ip: maybe(address),
      nodes: maybe(fc.constantFrom(0, 26, 208).map(size => new Uint8Array(size).fill(7))),
      nodes6: maybe(fc.constantFrom(0, 38, 304).map(size => new Uint8Array(size).fill(7))),
      peers: maybe(fc.array(address, { maxLength: 5 })),
      token: maybe(token),
      seedFilter: maybe(bytes(256)),
      peerFilter: maybe(bytes(256)),
      key: maybe(bytes(32)),
      signature: maybe(bytes(64)),
      sequence: maybe(sequence),
      value: maybe(value),
      samples: maybe(fc.constantFrom(0, 20, 60).map(size => new Uint8Array(size).fill(7))),
      sampleTotal: maybe(fc.nat()),
      sampleIntervalSeconds: maybe(fc.integer({ min: 0, max: 21_600 })),
    }),
    fc.record({
      kind: fc.constant('error' as const),
      ...envelope,
      code: fc.integer({ min: 200, max: 400 }),
      message: fc.string({ maxLength: 40 }),
      ip: maybe(address),
    }),
  )

  test('decoding undoes encoding', () => {
    fc.assert(
      fc.property(message, given => {
        expect(decodeKrpc(encodeKrpc(given))).toEqual(given)
      }),
      { numRuns: 1000 },
    )
  })

  test('an id of another size is our mistake, and does not spoil the next message', () => {
    const ping = {
      kind: 'query',
      method: 'ping',
      transaction: latin1('aa'),
      isReadOnly: false,
    } as const
    expect(() => encodeKrpc({ ...ping, id: digests.sha256(latin1('')) })).toThrow(
      'an id is 20 bytes',
    )
    expect(decodeKrpc(encodeKrpc({ ...ping, id: latin1(ID) }))).toMatchObject({ id: latin1(ID) })
  })
})
