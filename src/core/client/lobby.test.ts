import { expect, test } from 'vitest'
import { toHex } from '../bytes/index.ts'
import { encodeHandshake } from '../wire/index.ts'
import { LOBBY_LIMIT_MS, LOBBY_MAX, Lobby } from './lobby.ts'

const from = { ip: Uint8Array.of(10, 0, 0, 1), port: 5000 }
const infohash = new Uint8Array(20).fill(7)
const handshake = encodeHandshake({
  infohash,
  peerId: new Uint8Array(20),
  hasDht: false,
  hasFast: true,
  hasExtensions: true,
  hasV2: false,
})

test('a handshake in two parts is admitted with everything that was sent', () => {
  const lobby = new Lobby()
  lobby.enter(0, 2, from)
  expect(lobby.receive(2, handshake.subarray(0, 30))).toEqual({ kind: 'wait' })
  const rest = Uint8Array.of(...handshake.subarray(30), 0, 0, 0, 0)
  const answer = lobby.receive(2, rest)
  expect(answer).toMatchObject({ kind: 'admit', infohash: toHex(infohash), from })
  expect(answer.kind === 'admit' && answer.bytes).toEqual(Uint8Array.of(...handshake, 0, 0, 0, 0))
  expect(lobby.has(2)).toBe(false)
})

test('another protocol and too many bytes are shown the door at once', () => {
  const lobby = new Lobby()
  lobby.enter(0, 2, from)
  expect(lobby.receive(2, new TextEncoder().encode('GET / HTTP/1.1'))).toEqual({ kind: 'close' })
  lobby.enter(0, 4, from)
  expect(lobby.receive(4, new Uint8Array(5000))).toEqual({ kind: 'close' })
  expect(lobby.has(2) || lobby.has(4)).toBe(false)
})

test('nobody enters a full lobby', () => {
  const lobby = new Lobby()
  for (let stranger = 0; stranger < LOBBY_MAX; stranger++) {
    expect(lobby.enter(0, stranger * 2 + 2, from)).toBe(true)
  }
  expect(lobby.enter(0, 1_000, from)).toBe(false)
})

test('who stays silent for ten seconds leaves, and nobody earlier', () => {
  const lobby = new Lobby()
  lobby.enter(0, 2, from)
  lobby.enter(5_000, 4, from)
  expect(lobby.wakeAtMs).toBe(LOBBY_LIMIT_MS)
  expect(lobby.expire(LOBBY_LIMIT_MS - 1)).toEqual([])
  expect(lobby.expire(LOBBY_LIMIT_MS)).toEqual([2])
  expect(lobby.has(4)).toBe(true)
})
