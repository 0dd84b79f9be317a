import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { latin1, toLatin1 } from '../../../test/support/wire.ts'
import { formatAddress, parseAddress } from '../bytes/index.ts'
import {
  decodeDontHave,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  decodePex,
  EXTENSION_NAME_LIMIT_BYTES,
  EXTENSIONS_MAX,
  type ExtensionHandshake,
  encodeBencode,
  encodeDontHave,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  encodePex,
  INFO_LIMIT_BYTES,
  METADATA_PIECE_BYTES,
  METADATA_PIECES_MAX,
  type MetadataMessage,
  metadataPieceSize,
  PEX_PEERS_MAX,
} from './index.ts'

describe('the extension handshake', () => {
  test('the example of BEP 10 reads as it says', () => {
    const payload = latin1('d1:md11:LT_metadatai1e6:µT_PEXi2ee1:pi6881e1:v13:\xc2\xb5Torrent 1.2e')
    expect(decodeExtensionHandshake(payload)).toEqual({
      extensions: new Map([
        ['LT_metadata', 1],
        ['µT_PEX', 2],
      ]),
      port: 6881,
      client: 'µTorrent 1.2',
      isUploadOnly: false,
    })
  })

  test('a value out of its range or of another kind counts as absent', () => {
    const read = (members: Parameters<typeof encodeBencode>[0]) =>
      decodeExtensionHandshake(encodeBencode(members))
    expect(read({ metadata_size: INFO_LIMIT_BYTES }).metadataSize).toBe(INFO_LIMIT_BYTES)
    expect(read({ metadata_size: INFO_LIMIT_BYTES + 1 }).metadataSize).toBeUndefined()
    expect(read({ metadata_size: -1 }).metadataSize).toBeUndefined()
    expect(read({ metadata_size: 2n ** 63n }).metadataSize).toBeUndefined()
    expect(read({ p: 65_536, reqq: 0, v: 5, yourip: '12345' })).toEqual({
      extensions: new Map(),
      isUploadOnly: false,
    })
    expect(read({ m: { a: 256, b: -1, c: 'x', d: 0, e: 255 } }).extensions).toEqual(
      new Map([
        ['d', 0],
        ['e', 255],
      ]),
    )
  })

  test('names and their number are bounded', () => {
    const long = 'n'.repeat(EXTENSION_NAME_LIMIT_BYTES)
    const m = Object.fromEntries(Array.from({ length: EXTENSIONS_MAX + 5 }, (_, i) => [`n${i}`, 1]))
    const payload = encodeBencode({ m, v: `${long}!` })
    expect(decodeExtensionHandshake(payload).extensions.size).toBe(EXTENSIONS_MAX)
    expect(decodeExtensionHandshake(payload).client).toBe(long)
    const wide = encodeBencode({ m: { [long]: 1, ok: 2 } })
    expect([...decodeExtensionHandshake(wide).extensions.keys()]).toEqual(['ok'])
  })

  test('what is not said does not appear in the bytes', () => {
    const silent: ExtensionHandshake = {
      extensions: new Map([['ut_metadata', 1]]),
      isUploadOnly: false,
    }
    expect(toLatin1(encodeExtensionHandshake(silent))).toBe('d1:md11:ut_metadatai1eee')
  })

  test('decoding undoes encoding', () => {
    const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
    const handshake: fc.Arbitrary<ExtensionHandshake> = fc.record({
      extensions: fc
        .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z_]{1,20}$/), fc.nat({ max: 255 })), {
          selector: ([name]) => name,
          maxLength: 10,
        })
        .map(entries => new Map(entries)),
      metadataSize: maybe(fc.integer({ min: 1, max: INFO_LIMIT_BYTES })),
      requestsMax: maybe(fc.integer({ min: 1, max: 65_535 })),
      client: maybe(fc.stringMatching(/^[\w ./]{0,30}$/)),
      port: maybe(fc.integer({ min: 1, max: 65_535 })),
      yourIp: maybe(fc.constantFrom(4, 16).map(size => new Uint8Array(size).fill(9))),
      isUploadOnly: fc.boolean(),
    })
    fc.assert(
      fc.property(handshake, given => {
        expect(decodeExtensionHandshake(encodeExtensionHandshake(given))).toEqual(given)
      }),
    )
  })

  test('is a dictionary within its limits, or nothing', () => {
    expect(() => decodeExtensionHandshake(latin1('le'))).toThrow('extension-no-dictionary')
    expect(() => decodeExtensionHandshake(latin1('d'))).toThrow('bencode-truncated')
    expect(() => decodeExtensionHandshake(latin1('l'.repeat(9)))).toThrow('bencode-too-deep')
    const wide = latin1(`l${'i1e'.repeat(512)}e`)
    expect(() => decodeExtensionHandshake(wide)).toThrow('bencode-too-many-tokens')
    expect(decodeExtensionHandshake(latin1('degarbage')).extensions.size).toBe(0)
  })
})

describe('metadata exchange', () => {
  test('the examples of BEP 9 read as it says and are written as they stood', () => {
    const request = 'd8:msg_typei0e5:piecei0ee'
    expect(decodeMetadataMessage(latin1(request))).toEqual({ kind: 'request', piece: 0 })
    expect(toLatin1(encodeMetadataMessage({ kind: 'request', piece: 0 }))).toBe(request)
    const data = `d8:msg_typei1e5:piecei0e10:total_sizei3425ee${'x'.repeat(3425)}`
    const message = {
      kind: 'data',
      piece: 0,
      totalSize: 3425,
      bytes: latin1('x'.repeat(3425)),
    } as const
    expect(decodeMetadataMessage(latin1(data))).toEqual(message)
    expect(toLatin1(encodeMetadataMessage(message))).toBe(data)
    expect(decodeMetadataMessage(latin1('d8:msg_typei2e5:piecei7ee'))).toEqual({
      kind: 'reject',
      piece: 7,
    })
  })

  test('a kind that we do not know is ignored, as BEP 9 wants', () => {
    expect(decodeMetadataMessage(latin1('d8:msg_typei3e5:piecei0ee'))).toBeUndefined()
  })

  test('a piece has exactly the size that its place gives it', () => {
    const total = METADATA_PIECE_BYTES + 100
    const data = (piece: number, size: number): MetadataMessage => ({
      kind: 'data',
      piece,
      totalSize: total,
      bytes: new Uint8Array(size),
    })
    const read = (message: MetadataMessage) => decodeMetadataMessage(encodeMetadataMessage(message))
    expect(read(data(0, METADATA_PIECE_BYTES))).toBeDefined()
    expect(read(data(1, 100))).toBeDefined()
    expect(() => read(data(0, METADATA_PIECE_BYTES - 1))).toThrow('metadata-piece-size-wrong')
    expect(() => read(data(1, 101))).toThrow('metadata-piece-size-wrong')
    expect(() => read(data(2, 0))).toThrow('metadata-piece-size-wrong')
    expect(metadataPieceSize(1, total)).toBe(100)
  })

  test('sizes and pieces beyond the largest metadata are refused', () => {
    const text = (piece: number, total: number) =>
      latin1(`d8:msg_typei1e5:piecei${piece}e10:total_sizei${total}ee`)
    expect(() => decodeMetadataMessage(text(0, INFO_LIMIT_BYTES + 1))).toThrow('metadata-malformed')
    expect(() => decodeMetadataMessage(text(METADATA_PIECES_MAX, 1))).toThrow('metadata-malformed')
    expect(() => decodeMetadataMessage(text(-1, 1))).toThrow('metadata-malformed')
    expect(() => decodeMetadataMessage(latin1('d5:piecei0ee'))).toThrow('metadata-malformed')
    expect(() => decodeMetadataMessage(latin1('i1e'))).toThrow('extension-no-dictionary')
  })
})

describe('lt_donthave', () => {
  test('is one piece in four bytes', () => {
    expect(decodeDontHave(encodeDontHave(0xfffffffe))).toBe(0xfffffffe)
    expect(() => decodeDontHave(new Uint8Array(3))).toThrow('dont-have-size-wrong')
    expect(() => decodeDontHave(new Uint8Array(5))).toThrow('dont-have-size-wrong')
  })
})

describe('peer exchange', () => {
  const plain = {
    prefersEncryption: false,
    isSeed: false,
    hasUtp: false,
    hasHolepunch: false,
    isReachable: false,
  }
  const at = (text: string) => parseAddress(text) ?? { ip: latin1(''), port: 0 }

  test('decoding undoes encoding, both families and every flag', () => {
    const message = {
      added: [
        { ...plain, address: at('1.2.3.4:5'), prefersEncryption: true, isSeed: true },
        { ...plain, address: at('1.2.3.5:6'), hasUtp: true, isReachable: true },
        { ...plain, address: at('[2001:db8::1]:7'), hasHolepunch: true },
      ],
      dropped: [at('9.9.9.9:9'), at('[2001:db8::2]:8')],
    }
    expect(decodePex(encodePex(message))).toEqual(message)
    expect(decodePex(encodePex({ added: [], dropped: [] }))).toEqual({ added: [], dropped: [] })
  })

  test('flags that are missing are none, and a broken last endpoint is left out', () => {
    const read = decodePex(encodeBencode({ added: 'abcdefghi', 'added.f': '' }))
    expect(read.added).toEqual([{ ...plain, address: at('97.98.99.100:25958') }])
  })

  test('flags stay with their peer when one with port 0 is left out', () => {
    const read = decodePex(
      encodeBencode({ added: latin1('abcd\0\0abcdef'), 'added.f': latin1('\x02\x04') }),
    )
    expect(read.added).toEqual([{ ...plain, address: at('97.98.99.100:25958'), hasUtp: true }])
  })

  test('no more than its limit is read of a list', () => {
    const list = 'abcdef'.repeat(PEX_PEERS_MAX + 1)
    const read = decodePex(encodeBencode({ added: list, dropped: list }))
    expect(read.added).toHaveLength(PEX_PEERS_MAX)
    expect(read.dropped.map(formatAddress)).toHaveLength(PEX_PEERS_MAX)
  })

  test('is a dictionary or nothing', () => {
    expect(() => decodePex(latin1('le'))).toThrow('extension-no-dictionary')
    expect(() => decodePex(latin1('lllll'))).toThrow('bencode-too-deep')
    expect(() => decodePex(latin1(`l${'i1e'.repeat(64)}e`))).toThrow('bencode-too-many-tokens')
  })
})
