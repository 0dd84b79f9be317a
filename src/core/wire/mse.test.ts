import { describe, expect, test } from 'vitest'
import { Dice, digests, hex, latin1, toLatin1 } from '../../../test/support/wire.ts'
import { concatBytes, toHex } from '../bytes/index.ts'
import {
  bigIntKeyExchange,
  MSE_PADDING_LIMIT_BYTES,
  MSE_PAYLOAD_LIMIT_BYTES,
  MseInitiator,
  type MseMethod,
  MseReceiver,
  type MseSession,
  type MseTools,
  msePrime,
  Rc4,
  SkeyTable,
  WireError,
} from './index.ts'

const INFOHASH = latin1('mnopqrstuvwxyz123456')
const OTHER = latin1('abcdefghij0123456789')
const PAYLOAD = latin1('a handshake')

const tools = (seed: number): MseTools => ({
  luck: new Dice(seed),
  sha1: digests.sha1,
  keyExchange: bigIntKeyExchange,
})

function table(...infohashes: readonly Uint8Array[]): SkeyTable {
  const skeys = new SkeyTable(digests.sha1)
  for (const infohash of infohashes) skeys.add(infohash)
  return skeys
}

const initiator = (seed: number, methods: readonly MseMethod[] = ['rc4', 'plaintext']) =>
  new MseInitiator(tools(seed), { infohash: INFOHASH, methods, payload: PAYLOAD })

const receiver = (seed: number, methods: readonly MseMethod[] = ['rc4', 'plaintext']) =>
  new MseReceiver(tools(seed), { table: table(OTHER, INFOHASH), methods })

interface Agreed {
  readonly dialled: MseSession
  readonly accepted: MseSession
}

/** Lets both talk in chunks of `step` bytes until both agree; `extra` is sent behind the agreement. */
function talk(a: MseInitiator, b: MseReceiver, step = Number.POSITIVE_INFINITY): Agreed {
  let dialled: MseSession | undefined
  let accepted: MseSession | undefined
  let toB: Uint8Array = a.start()
  let toA: Uint8Array = new Uint8Array(0)
  for (let round = 0; round < 5000 && (dialled === undefined || accepted === undefined); round++) {
    if (accepted === undefined) {
      const answer = b.feed(toB.subarray(0, step))
      toB = toB.subarray(step)
      toA = concatBytes(toA, answer.send ?? new Uint8Array(0))
      accepted = answer.session
    }
    if (dialled === undefined) {
      const answer = a.feed(toA.subarray(0, step))
      toA = toA.subarray(step)
      toB = concatBytes(toB, answer.send ?? new Uint8Array(0))
      dialled = answer.session
    }
  }
  if (dialled === undefined || accepted === undefined) throw new Error('they never agreed')
  return { dialled, accepted }
}

/** What arrives of `text` when `from` sends it and `to` reads it. */
function carry(from: MseSession, to: MseSession, text: string): string {
  const bytes = latin1(text)
  from.outgoing?.apply(bytes, bytes)
  to.incoming?.apply(bytes, bytes)
  return toLatin1(bytes)
}

function fault(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof WireError) return error.name
    throw error
  }
  return 'none'
}

describe('RC4', () => {
  test.each([
    // RFC 6229: the key, and the key stream at 0 and at 1024.
    ['0102030405', 'b2396305f03dc027ccc3524a0a1118a8', '30abbcc7c20b01609f23ee2d5f6bb7df'],
    [
      '0102030405060708090a0b0c0d0e0f10',
      '9ac7cc9a609d1ef7b2932899cde41b97',
      'bdf0324e6083dcc6d3cedd3ca8c53c16',
    ],
  ])('with key %s gives the stream of RFC 6229', (key, atStart, at1024) => {
    const stream = (skipped: number) => {
      const cipher = new Rc4(hex(key))
      cipher.skip(skipped)
      const bytes = new Uint8Array(16)
      cipher.apply(bytes, bytes)
      return toHex(bytes)
    }
    expect(stream(0)).toBe(atStart)
    expect(stream(1024)).toBe(at1024)
  })

  test('goes on where it stopped, and writes elsewhere when asked', () => {
    const whole = new Uint8Array(100)
    new Rc4(PAYLOAD).apply(whole, whole)
    const parts = new Rc4(PAYLOAD)
    const input = new Uint8Array(100)
    const output = new Uint8Array(100)
    parts.apply(input.subarray(0, 33), output)
    parts.apply(input.subarray(33), output.subarray(33))
    expect(output).toEqual(whole)
    expect(input).toEqual(new Uint8Array(100))
  })
})

describe('the key exchange', () => {
  test('both sides come to the same secret, 96 bytes', () => {
    const [a, b] = [new Dice(1).bytes(20), new Dice(2).bytes(20)]
    const secret = bigIntKeyExchange.sharedSecret(a, bigIntKeyExchange.publicKey(b))
    expect(secret).toHaveLength(96)
    expect(bigIntKeyExchange.sharedSecret(b, bigIntKeyExchange.publicKey(a))).toEqual(secret)
    expect(toHex(bigIntKeyExchange.publicKey(hex(`${'00'.repeat(19)}03`)))).toBe(
      '8'.padStart(192, '0'),
    )
  })

  test('keys that make the secret a number anyone can guess are refused', () => {
    const prime = msePrime()
    const less = (by: number) => prime.with(95, (prime[95] ?? 0) - by)
    const number = (value: number) => new Uint8Array(96).with(95, value)
    for (const key of [number(0), number(1), less(1), prime, new Uint8Array(96).fill(255)]) {
      expect(fault(() => receiver(1).feed(key))).toBe('mse-key-degenerate')
      expect(fault(() => initiator(1).feed(key))).toBe('mse-key-degenerate')
    }
    expect(fault(() => receiver(1).feed(number(2)))).toBe('none')
    expect(fault(() => receiver(1).feed(less(2)))).toBe('none')
  })
})

describe('two sides of ours', () => {
  test.each([
    [['rc4', 'plaintext'], ['rc4', 'plaintext'], 'rc4'],
    [['rc4', 'plaintext'], ['plaintext', 'rc4'], 'plaintext'],
    [['rc4'], ['plaintext', 'rc4'], 'rc4'],
    [['plaintext'], ['rc4', 'plaintext'], 'plaintext'],
  ] as [MseMethod[], MseMethod[], MseMethod][])(
    'that offer %j and accept %j speak %s',
    (offered, accepted, method) => {
      const agreed = talk(initiator(1, offered), receiver(2, accepted))
      expect([agreed.dialled.method, agreed.accepted.method]).toEqual([method, method])
      expect(toLatin1(agreed.accepted.infohash)).toBe(toLatin1(INFOHASH))
      expect(toLatin1(agreed.accepted.received)).toBe('a handshake')
      expect(carry(agreed.dialled, agreed.accepted, 'to you')).toBe('to you')
      expect(carry(agreed.accepted, agreed.dialled, 'to me')).toBe('to me')
      expect(carry(agreed.dialled, agreed.accepted, 'and on')).toBe('and on')
    },
  )

  test('agree in whatever chunks their bytes come, and whatever their padding', () => {
    for (let seed = 0; seed < 12; seed++) {
      const step = [1, 2, 7, 96, 97, 500][seed % 6]
      const agreed = talk(initiator(seed), receiver(seed + 100), step)
      expect(toLatin1(agreed.accepted.received)).toBe('a handshake')
      expect(carry(agreed.accepted, agreed.dialled, 'x')).toBe('x')
    }
  })

  test('give on what was sent right behind the agreement, deciphered', () => {
    const a = initiator(5, ['rc4'])
    const b = receiver(6)
    const key = b.feed(a.start()).send ?? new Uint8Array(0)
    const request = a.feed(key).send ?? new Uint8Array(0)
    const { send, session } = b.feed(request)
    const more = latin1('bitfield')
    session?.outgoing?.apply(more, more)
    const last = a.feed(concatBytes(send ?? more, more))
    expect(toLatin1(last.session?.received ?? more)).toBe('bitfield')
  })

  test('that have no torrent or no method in common are told so', () => {
    const stranger = new MseReceiver(tools(2), { table: table(OTHER), methods: ['rc4'] })
    expect(fault(() => talk(initiator(1), stranger))).toBe('mse-unknown-torrent')
    expect(fault(() => talk(initiator(1, ['rc4']), receiver(2, ['plaintext'])))).toBe(
      'mse-no-common-method',
    )
    const removed = table(INFOHASH)
    removed.remove(INFOHASH)
    const gone = new MseReceiver(tools(2), { table: removed, methods: ['rc4'] })
    expect(fault(() => talk(initiator(1), gone))).toBe('mse-unknown-torrent')
  })

  test('never repeat themselves: other chance gives other bytes', () => {
    expect(toHex(initiator(1).start().subarray(0, 96))).not.toBe(
      toHex(initiator(2).start().subarray(0, 96)),
    )
  })
})

describe('limits', () => {
  const junk = (size: number) => new Dice(9).bytes(size)

  test('padding that never ends is given up right behind its limit', () => {
    const waiting = receiver(1)
    waiting.feed(bigIntKeyExchange.publicKey(junk(20)))
    const longest = MSE_PADDING_LIMIT_BYTES + 20
    expect(fault(() => waiting.feed(junk(longest - 1)))).toBe('none')
    expect(fault(() => waiting.feed(junk(1)))).toBe('mse-no-sync')
    const dialling = initiator(1)
    dialling.start()
    dialling.feed(bigIntKeyExchange.publicKey(junk(20)))
    expect(fault(() => dialling.feed(junk(MSE_PADDING_LIMIT_BYTES + 7)))).toBe('none')
    expect(fault(() => dialling.feed(junk(1)))).toBe('mse-no-sync')
  })

  test('a first payload beyond its limit is our mistake to send', () => {
    const payload = new Uint8Array(MSE_PAYLOAD_LIMIT_BYTES + 1)
    expect(
      () => new MseInitiator(tools(1), { infohash: INFOHASH, methods: ['rc4'], payload }),
    ).toThrow('nobody takes')
    const largest = new MseInitiator(tools(1), {
      infohash: INFOHASH,
      methods: ['rc4'],
      payload: payload.subarray(1),
    })
    expect(talk(largest, receiver(2)).accepted.received).toHaveLength(MSE_PAYLOAD_LIMIT_BYTES)
  })

  test.each([
    [{ vc: 1 }, 'mse-verification-failed'],
    [{ methods: 4 }, 'mse-no-common-method'],
    [{ methods: 0 }, 'mse-no-common-method'],
    [{ padding: MSE_PADDING_LIMIT_BYTES }, 'none'],
    [{ padding: MSE_PADDING_LIMIT_BYTES + 1 }, 'mse-padding-too-long'],
    [{ payload: MSE_PAYLOAD_LIMIT_BYTES + 1 }, 'mse-payload-too-long'],
  ])('a request with %o is %s', (change, name) => {
    expect(
      fault(() => forgeRequest({ vc: 0, methods: 2, padding: 0, payload: 0, ...change })),
    ).toBe(name)
  })

  test.each([
    [{ methods: 2 }, 'none'],
    [{ methods: 1 }, 'mse-method-not-offered'],
    [{ methods: 3 }, 'mse-method-not-offered'],
    [{ padding: MSE_PADDING_LIMIT_BYTES + 1 }, 'mse-padding-too-long'],
  ])('an agreement with %o is %s', (change, name) => {
    expect(fault(() => forgeAgreement({ methods: 2, padding: 0, ...change }))).toBe(name)
  })
})

const uint16 = (value: number) => Uint8Array.of(value >> 8, value)
const { sha1 } = digests
const keyed = (word: string, secret: Uint8Array) => {
  const cipher = new Rc4(sha1(concatBytes(latin1(word), secret, INFOHASH)))
  cipher.skip(1024)
  return cipher
}

/** Feeds a receiver a request made by hand, as the specification spells it. */
function forgeRequest(fields: {
  vc: number
  methods: number
  padding: number
  payload: number
}): void {
  const b = receiver(2)
  const exponent = new Dice(3).bytes(20)
  const send = b.feed(bigIntKeyExchange.publicKey(exponent)).send ?? new Uint8Array(0)
  const secret = bigIntKeyExchange.sharedSecret(exponent, send.subarray(0, 96))
  const topic = sha1(concatBytes(latin1('req2'), INFOHASH))
  const mask = sha1(concatBytes(latin1('req3'), secret))
  const rest = concatBytes(
    new Uint8Array(8).with(0, fields.vc),
    Uint8Array.of(0, 0, 0, fields.methods),
    uint16(fields.padding),
    new Uint8Array(fields.padding),
    uint16(fields.payload),
  )
  keyed('keyA', secret).apply(rest, rest)
  const sync = sha1(concatBytes(latin1('req1'), secret))
  b.feed(
    concatBytes(
      new Dice(4).bytes(300),
      sync,
      topic.map((byte, at) => byte ^ (mask[at] ?? 0)),
      rest,
    ),
  )
}

/** Feeds an initiator that offers RC4 alone an agreement made by hand. */
function forgeAgreement(fields: { methods: number; padding: number }): void {
  const a = initiator(1, ['rc4'])
  const exponent = new Dice(3).bytes(20)
  const secret = bigIntKeyExchange.sharedSecret(exponent, a.start().subarray(0, 96))
  const agreement = concatBytes(
    new Uint8Array(8),
    Uint8Array.of(0, 0, 0, fields.methods),
    uint16(fields.padding),
  )
  keyed('keyB', secret).apply(agreement, agreement)
  a.feed(concatBytes(bigIntKeyExchange.publicKey(exponent), new Dice(4).bytes(300), agreement))
}
