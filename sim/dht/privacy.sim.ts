// The privacy measures of issue 3: 1,000 lookups among 10,000 nodes. Prints the row for docs/measures.md.
import { expect, test } from 'vitest'
import { type LookupsOptions, runLookups, summarize } from './lookups.ts'

const NETWORK = {
  count: 10_000,
  validShare: 0.6,
  roundTripMs: [20, 150],
  lossShare: 0.03,
  lookups: 1000,
} as const

test.each([
  [1, 0.2],
  [2, 0.3],
  [3, 0.5],
])('seed %d, %d of the contacts dead: the private lookup keeps its promises', (seed, deadShare) => {
  const run = (way: LookupsOptions['way'], start: LookupsOptions['start']) => {
    const summary = summarize(runLookups({ ...NETWORK, seed, deadShare, way, start }))
    console.log(JSON.stringify({ seed, deadShare, way, start, ...summary }))
    return summary
  }
  for (const start of ['cold', 'saved'] as const) {
    const plain = run('plain', start)
    const hidden = run('private', start)
    expect(hidden.told).toBeLessThanOrEqual(8)
    expect(hidden.toldMax).toBeLessThanOrEqual(16)
    expect(hidden.candidates).toBeGreaterThanOrEqual(400)
    expect(hidden.doneMs).toBeLessThanOrEqual(1.3 * plain.doneMs)
    expect(hidden.firstMs).toBeLessThanOrEqual((start === 'cold' ? 2.2 : 1.5) * plain.firstMs)
    expect(hidden.successShare).toBeGreaterThanOrEqual(0.99 * plain.successShare)
  }
})
