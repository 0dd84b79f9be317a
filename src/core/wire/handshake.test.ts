import fc from 'fast-check'
import { expect, test } from 'vitest'
import { latin1, toLatin1 } from '../../../test/support/wire.ts'
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_BYTES,
  type Handshake,
  HandshakeReader,
  startsLikeHandshake,
} from './index.ts'

const PLAIN: Handshake = {
  infohash: latin1('mnopqrstuvwxyz123456'),
  peerId: latin1('-XX0001-abcdefghijkl'),
  hasDht: false,
  hasFast: false,
  hasExtensions: false,
  hasV2: false,
}

test('a handshake stands as BEP 3 draws it, each promise in its bit', () => {
  const reserved = (promise: Partial<Handshake>) =>
    toLatin1(encodeHandshake({ ...PLAIN, ...promise }).subarray(20, 28))
  expect(toLatin1(encodeHandshake(PLAIN))).toBe(
    '\x13BitTorrent protocol\0\0\0\0\0\0\0\0mnopqrstuvwxyz123456-XX0001-abcdefghijkl',
  )
  expect(reserved({ hasExtensions: true })).toBe('\0\0\0\0\0\x10\0\0')
  expect(reserved({ hasDht: true })).toBe('\0\0\0\0\0\0\0\x01')
  expect(reserved({ hasFast: true })).toBe('\0\0\0\0\0\0\0\x04')
  expect(reserved({ hasV2: true })).toBe('\0\0\0\0\0\0\0\x10')
})

test('decoding undoes encoding, in whatever chunks it comes, and what follows is left', () => {
  const twenty = fc.uint8Array({ minLength: 20, maxLength: 20 })
  const handshake = fc.record({
    infohash: twenty,
    peerId: twenty,
    hasDht: fc.boolean(),
    hasFast: fc.boolean(),
    hasExtensions: fc.boolean(),
    hasV2: fc.boolean(),
  })
  fc.assert(
    fc.property(handshake, fc.integer({ min: 1, max: 80 }), (given, step) => {
      const stream = new Uint8Array(100)
      stream.set(encodeHandshake(given))
      expect(decodeHandshake(stream)).toEqual(given)
      const reader = new HandshakeReader()
      let at = 0
      while (reader.handshake === undefined) {
        const chunk = stream.subarray(at, at + step)
        at += reader.feed(chunk)
      }
      expect(at).toBe(HANDSHAKE_BYTES)
      expect(reader.handshake).toEqual(given)
    }),
  )
})

test('another protocol is noticed at its first wrong byte', () => {
  const reader = new HandshakeReader()
  reader.feed(latin1('\x13Bit'))
  expect(() => reader.feed(latin1('Coin'))).toThrow('handshake-other-protocol')
  expect(startsLikeHandshake(latin1(''))).toBe(true)
  expect(startsLikeHandshake(latin1('\x13BitT'))).toBe(true)
  expect(startsLikeHandshake(latin1('\x12BitT'))).toBe(false)
  expect(() => decodeHandshake(encodeHandshake(PLAIN).subarray(0, 67))).toThrow(
    'handshake-truncated',
  )
})
