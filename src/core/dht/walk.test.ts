import { expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { parseAddress } from '../bytes/index.ts'
import { compareDistance, keyNear, nodeIdFor } from './id.ts'
import {
  CANDIDATES_MAX,
  CANDIDATES_PER_NETWORK_MAX,
  NODES_PER_ANSWER_MAX,
  WALK_QUERIES_MAX,
  Walk,
} from './walk.ts'
import type { Contact } from './words.ts'

const luck = new SeededLuck(23)
const target = luck.bytes(20)

const newWalk = () => new Walk({ target, allowPrivate: true, inFlightMax: 4 })

let hosts = 0
/** A local node, so that any id is valid, sharing `bits` bits with the target. */
function near(bits: number): Contact {
  hosts++
  return { id: keyNear(target, bits, luck), address: local(hosts) }
}

const local = (host: number) =>
  parseAddress(`127.${host >> 16}.${(host >> 8) & 255}.${host & 255}:6881`)!

function publicNode(text: string): Contact {
  const address = parseAddress(text)!
  return { address, id: nodeIdFor(address.ip, luck.below(256), luck) }
}

test('the nearest candidate is asked first, and no more at once than allowed', () => {
  const walk = newWalk()
  const contacts = Array.from({ length: 10 }, (_, index) => near(index))
  walk.offerHeard(contacts)
  const asked = Array.from({ length: 5 }, () => walk.takeNext()?.id)
  const sorted = contacts.map(({ id }) => id).sort((a, b) => compareDistance(target, a, b))
  expect(asked).toEqual([...sorted.slice(0, 4), undefined])
})

test('a stalled query lets another go out in its stead', () => {
  const walk = newWalk()
  walk.offerHeard(Array.from({ length: 10 }, () => near(3)))
  const first = walk.takeNext()!
  for (let count = 0; count < 3; count++) walk.takeNext()
  expect(walk.takeNext()).toBeUndefined()
  walk.stalled(first)
  expect(walk.takeNext()).toBeDefined()
})

test('the walk is over when the eight nearest answered, whoever stalled before', () => {
  const walk = newWalk()
  walk.offerHeard(Array.from({ length: 12 }, () => near(5)))
  const silent = walk.takeNext()!
  walk.stalled(silent)
  for (let count = 0; count < 8; count++) {
    expect(walk.isOver).toBe(false)
    const next = walk.takeNext()!
    walk.answered(next, next.id!)
  }
  expect(walk.isOver).toBe(true)
  expect(walk.takeNext()).toBeUndefined()
  expect(walk.closest()).toHaveLength(8)
})

test('with few nodes the walk waits for those that stalled', () => {
  const walk = newWalk()
  walk.offerHeard([near(5)])
  const only = walk.takeNext()!
  walk.stalled(only)
  expect(walk.isOver).toBe(false)
  walk.failed(only)
  expect(walk.isOver).toBe(true)
})

test('a node that answers nearer than it was advertised does not count', () => {
  const walk = newWalk()
  walk.offerHeard([near(2)])
  const node = walk.takeNext()!
  expect(walk.answered(node, keyNear(target, 40, luck))).toBe(false)
  expect(walk.closest()).toEqual([])
})

test('a node that answers farther than it was advertised counts where it is', () => {
  const walk = newWalk()
  const honest = near(2)
  walk.offerHeard([{ ...near(40), address: honest.address }])
  const node = walk.takeNext()!
  expect(walk.answered(node, honest.id)).toBe(true)
  expect(walk.closest()[0]?.id).toEqual(honest.id)
})

test('a router of unknown id is asked when nobody is known, and counts where its answer puts it', () => {
  const walk = newWalk()
  walk.offerRouter(local(70_000))
  const router = walk.takeNext()!
  expect(router.id).toBeUndefined()
  const { id } = near(4)
  walk.answered(router, id)
  expect(walk.closest()[0]?.id).toEqual(id)
  expect(walk.isOver).toBe(true)
})

test('invalid ids are asked only while valid ones are missing', () => {
  const walk = newWalk()
  const liars = Array.from({ length: 8 }, (_, index) => ({
    id: keyNear(target, 40, luck),
    address: parseAddress(`9.9.${index}.9:1`)!,
  }))
  const honest = Array.from({ length: 8 }, (_, index) => publicNode(`8.8.${index}.8:1`))
  walk.offerHeard(liars)
  walk.offerHeard(honest)
  const asked = Array.from({ length: 4 }, () => walk.takeNext()!)
  expect(asked.every(({ isValid }) => isValid)).toBe(true)
})

test('one host, few of one network, few of one answer, and a bounded list', () => {
  const walk = newWalk()
  walk.offerHeard(Array.from({ length: 200 }, () => near(1)))
  const count = (each: Walk) => {
    let taken = 0
    for (let next = each.takeNext(); next !== undefined; next = each.takeNext()) {
      each.failed(next)
      taken++
    }
    return taken
  }
  expect(count(walk)).toBe(NODES_PER_ANSWER_MAX)
  const crowded = newWalk()
  crowded.offerHeard([1, 2, 3, 4, 5].map(host => publicNode(`8.8.8.${host}:1`)))
  crowded.offerHeard([1, 2].map(port => publicNode(`8.8.8.1:${port}`)))
  expect(count(crowded)).toBe(CANDIDATES_PER_NETWORK_MAX)
  const large = newWalk()
  for (let round = 0; round < 100; round++) {
    large.offerHeard(Array.from({ length: NODES_PER_ANSWER_MAX }, () => near(1)))
  }
  expect(count(large)).toBeLessThanOrEqual(CANDIDATES_MAX)
})

test('an endless row of nearer nodes ends with the queries of one walk', () => {
  const walk = newWalk()
  walk.offerHeard([near(1)])
  let queries = 0
  for (let next = walk.takeNext(); next !== undefined; next = walk.takeNext()) {
    queries++
    walk.answered(next, next.id!)
    walk.offerHeard(Array.from({ length: 8 }, () => near(Math.min(1 + queries, 150))))
  }
  expect(queries).toBe(WALK_QUERIES_MAX)
  expect(walk.isOver).toBe(true)
})
