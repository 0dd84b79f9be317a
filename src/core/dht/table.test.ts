import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { parseAddress } from '../bytes/index.ts'
import { compareDistance, nodeIdFor } from './id.ts'
import { NETWORK_NODES_MAX, RoutingTable, SPARES_MAX } from './table.ts'
import type { Contact } from './words.ts'

const luck = new SeededLuck(11)

function contact(text: string): Contact {
  const address = parseAddress(text)!
  return { address, id: nodeIdFor(address.ip, luck.below(256), luck) }
}

const strangers = (count: number) =>
  Array.from({ length: count }, () =>
    contact(`${1 + luck.below(9)}.${luck.below(256)}.${luck.below(256)}.1:6881`),
  )

const tableOf = (contacts: readonly Contact[]) => {
  const table = new RoutingTable(luck.bytes(20))
  for (const each of contacts) table.answered(each, 0, 50)
  return table
}

test('an id that its IP is not entitled to never enters', () => {
  const table = new RoutingTable(luck.bytes(20))
  const liar = { ...contact('8.8.8.8:6881'), id: luck.bytes(20) }
  expect(table.answered(liar, 0, 50)).toBe(false)
  expect(table.size).toBe(0)
})

test('the closest are those that sorting every entry by distance gives', () => {
  const table = tableOf(strangers(400))
  for (let round = 0; round < 50; round++) {
    const target = luck.bytes(20)
    const sorted = [...table.entries()].sort((a, b) => compareDistance(target, a.id, b.id))
    expect(table.closest(target, 8)).toEqual(sorted.slice(0, 8))
  }
})

test('one machine holds one place, whatever ids and ports it shows', () => {
  const table = new RoutingTable(luck.bytes(20))
  expect(table.answered(contact('8.8.8.8:1000'), 0, 50)).toBe(true)
  expect(table.answered(contact('8.8.8.8:1001'), 0, 50)).toBe(false)
  expect(table.size).toBe(1)
})

test('a machine that moved to another port is taken over once its old port fell silent', () => {
  const table = new RoutingTable(luck.bytes(20))
  const before = contact('8.8.8.8:1000')
  table.answered(before, 0, 50)
  table.missed(before)
  const after = { ...before, address: { ip: before.address.ip, port: 1001 } }
  expect(table.answered(after, 1, 50)).toBe(true)
  expect(table.find(before)).toBeUndefined()
})

test('a /24 gets a few places and no more, a local network as many as it has nodes', () => {
  const crowd = Array.from({ length: 50 }, (_, index) => contact(`8.8.8.${index + 1}:6881`))
  expect(tableOf(crowd).size).toBe(NETWORK_NODES_MAX)
  const local = Array.from({ length: 20 }, (_, index) => contact(`127.0.0.${index + 1}:6881`))
  expect(tableOf(local).size).toBe(20)
})

test('a node that misses two queries in a row is forgotten, one that misses one is not handed out', () => {
  const [node] = strangers(1) as [Contact]
  const table = tableOf([node])
  table.missed(node)
  expect(table.size).toBe(1)
  expect(table.closest(node.id, 8)).toEqual([])
  table.missed(node)
  expect(table.size).toBe(0)
})

test('a full bucket keeps its nodes and a few spares, which take the place of the next that fails', () => {
  const crowd = strangers(2000)
  const table = tableOf(crowd)
  expect(table.bucketCounts[0]).toBe(64)
  const first = [...table.entries()][0]!
  table.missed(first)
  expect(table.find(first)).toBeUndefined()
  expect(table.bucketCounts[0]).toBe(64)
  const known = crowd.filter(each => table.find(each) !== undefined).length
  expect(known).toBeLessThanOrEqual(table.size + table.bucketCounts.length * SPARES_MAX)
})

test('a new own id sorts everyone anew and loses nobody that has a place', () => {
  const crowd = strangers(40)
  const table = tableOf(crowd)
  table.rename(luck.bytes(20))
  for (const each of crowd) expect(table.find(each)).toBeDefined()
})
