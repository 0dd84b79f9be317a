import { expect, test } from 'vitest'
import type { Address } from '../bytes/index.ts'
import type { DhtInput } from '../dht/index.ts'
import { Discovery } from './discovery.ts'

const infohash = new Uint8Array(20).fill(3)
const peer: Address = { ip: Uint8Array.of(1, 2, 3, 4), port: 5 }
const contact = { id: infohash, address: peer }

function world() {
  const sent: Extract<DhtInput, { kind: 'lookup' | 'announce' | 'lookup-stop' }>[] = []
  const found: Address[] = []
  const needs = { now: true }
  const discovery = new Discovery({
    needsAddresses: () => needs.now,
    found: (_, peers) => found.push(...peers),
    send: command => sent.push(command),
  })
  const lookUps = () => sent.filter(command => command.kind === 'lookup')
  const finish = (nowMs: number) => {
    const task = lookUps().at(-1)?.task as number
    const numbers = { queries: 1, answered: 1, nodesToldTarget: 1 }
    discovery.notice(nowMs, { kind: 'lookup-done', task, ...numbers, closest: [] })
  }
  return { discovery, sent, found, needs, lookUps, finish }
}

test('a new torrent is looked up at once, and what is found is handed on', () => {
  const { discovery, found, lookUps } = world()
  discovery.add(0, 1, infohash, false)
  discovery.wake(0)
  expect(lookUps()).toHaveLength(1)
  const task = lookUps()[0]?.task as number
  discovery.notice(1, { kind: 'peers', task, from: contact, peers: [peer] })
  expect(found).toEqual([peer])
})

test('one look-up runs at a time, and the pause before the next doubles up to five minutes', () => {
  const { discovery, lookUps, finish } = world()
  discovery.add(0, 1, infohash, false)
  const startedAtMs: number[] = []
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 1_000) {
    const before = lookUps().length
    discovery.wake(nowMs)
    if (lookUps().length === before) continue
    startedAtMs.push(nowMs)
    finish(nowMs)
  }
  const pauses = startedAtMs.slice(1).map((at, index) => at - (startedAtMs[index] as number))
  expect(pauses.slice(0, 3)).toEqual([10_000, 20_000, 40_000])
  expect(Math.max(...pauses)).toBe(300_000)
})

test('a swarm that has enough is not looked up, and starts anew with short pauses afterwards', () => {
  const { discovery, needs, lookUps, finish } = world()
  discovery.add(0, 1, infohash, false)
  discovery.wake(0)
  finish(0)
  needs.now = false
  for (let nowMs = 1_000; nowMs < 600_000; nowMs += 1_000) discovery.wake(nowMs)
  expect(lookUps()).toHaveLength(1)
  needs.now = true
  discovery.wake(600_000)
  finish(600_000)
  discovery.wake(610_000)
  expect(lookUps()).toHaveLength(3)
})

test('a torrent that is gone stops its look-up and hears nothing any more', () => {
  const { discovery, sent, found, lookUps } = world()
  discovery.add(0, 1, infohash, false)
  discovery.wake(0)
  const task = lookUps()[0]?.task as number
  discovery.remove(1)
  expect(sent.at(-1)).toEqual({ kind: 'lookup-stop', task })
  discovery.notice(1, { kind: 'peers', task, from: contact, peers: [peer] })
  expect(found).toEqual([])
  expect(discovery.wakeAtMs).toBe(Number.POSITIVE_INFINITY)
})

test('what is shared is announced at once and every quarter of an hour, what is not shared never', () => {
  for (const isShared of [true, false]) {
    const { discovery, sent, needs } = world()
    needs.now = false
    discovery.add(0, 1, infohash, isShared)
    for (let nowMs = 0; nowMs <= 31 * 60_000; nowMs += 1_000) {
      const before = sent.length
      discovery.wake(nowMs)
      const command = sent[before]
      if (command === undefined) continue
      const numbers = { queries: 1, answered: 1, nodesToldTarget: 1 }
      discovery.notice(nowMs, { kind: 'lookup-done', task: command.task, ...numbers, closest: [] })
    }
    expect(sent.map(({ kind }) => kind)).toEqual(isShared ? Array(3).fill('announce') : [])
  }
})
