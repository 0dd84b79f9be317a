import { expect, test } from 'vitest'
import { DISCLOSURES_MAX, Disclosures } from './disclosure.ts'

const address = (number: number) => ({
  ip: Uint8Array.of(10, 0, number >> 8, number & 255),
  port: 6881,
})

test('a freerider may say nothing of itself, and who shares metadata gives no piece', () => {
  const disclosures = new Disclosures()
  const off = disclosures.discretionFor({ kind: 'off' }, 'aa', () => 0)
  expect([off.servesMetadata, off.servesPieces, off.exchangesPeers]).toEqual([false, false, false])
  expect(disclosures.mayAnnounce({ kind: 'off' })).toBe(false)
  const metadata = disclosures.discretionFor({ kind: 'metadata' }, 'aa', () => 0)
  expect([metadata.servesMetadata, metadata.servesPieces]).toEqual([true, false])
  expect(disclosures.mayAnnounce({ kind: 'metadata' })).toBe(false)
})

test('the account says who learned the infohash when, and which of them saw requests', () => {
  const disclosures = new Disclosures()
  let nowMs = 5
  const { told } = disclosures.discretionFor({ kind: 'off' }, 'aa', () => nowMs)
  told(address(1), 'infohash')
  nowMs = 9
  told(address(1), 'infohash')
  told(address(1), 'pieces')
  told(address(2), 'infohash')
  expect(disclosures.list()).toEqual([
    { address: '10.0.0.1:6881', infohash: 'aa', infohashAtMs: 5, piecesAtMs: 9 },
    { address: '10.0.0.2:6881', infohash: 'aa', infohashAtMs: 9, piecesAtMs: undefined },
  ])
})

test('beyond the limit the oldest entry goes', () => {
  const disclosures = new Disclosures()
  const { told } = disclosures.discretionFor({ kind: 'off' }, 'aa', () => 0)
  for (let number = 0; number <= DISCLOSURES_MAX; number++) told(address(number), 'infohash')
  const list = disclosures.list()
  expect(list).toHaveLength(DISCLOSURES_MAX)
  expect(list[0]?.address).toBe('10.0.0.1:6881')
})

test('a node that is sent the infohash is in the account, one that is sent a decoy is not', () => {
  const disclosures = new Disclosures()
  const dht = disclosures.forDht(ip => ip[3] === 9)
  const infohash = new Uint8Array(20).fill(0xab)
  expect(dht.allows(3, { to: address(1), infohash, bits: 160 })).toBe(true)
  expect(dht.allows(4, { to: address(2), infohash, bits: 16 })).toBe(true)
  expect(dht.allows(5, { to: address(9), infohash, bits: 160 })).toBe(false)
  expect(disclosures.list()).toMatchObject([{ address: '10.0.0.1:6881', infohashAtMs: 3 }])
})
