import { expect, test } from 'vitest'
import { type LookupsOptions, runLookups, summarize } from './lookups.ts'

const NETWORK: Omit<LookupsOptions, 'way' | 'start'> = {
  seed: 31,
  count: 3000,
  deadShare: 0.3,
  validShare: 0.6,
  roundTripMs: [20, 150],
  lossShare: 0.03,
  lookups: 60,
}

test('a private lookup tells few nodes, finds what a plain one finds, and is not much slower', () => {
  const plain = summarize(runLookups({ ...NETWORK, way: 'plain', start: 'cold' }))
  const hidden = summarize(runLookups({ ...NETWORK, way: 'private', start: 'cold' }))
  expect(hidden.told).toBeLessThanOrEqual(8)
  expect(hidden.toldMax).toBeLessThanOrEqual(16)
  expect(plain.told).toBeGreaterThan(2 * hidden.told)
  expect(hidden.candidates).toBeGreaterThanOrEqual(400)
  expect(hidden.successShare).toBeGreaterThanOrEqual(0.98 * plain.successShare)
  expect(hidden.firstMs).toBeLessThanOrEqual(2.2 * plain.firstMs)
  expect(hidden.doneMs).toBeLessThanOrEqual(1.4 * plain.doneMs)
})

test('no node that sees the infohash saw it before the decoys had stopped', () => {
  const results = runLookups({ ...NETWORK, way: 'private', start: 'saved', lookups: 20 })
  for (const { candidates } of results) {
    expect(Math.min(...candidates)).toBeGreaterThanOrEqual(3e7 / 2 ** 16)
  }
})
