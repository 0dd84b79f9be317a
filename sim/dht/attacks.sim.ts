// Lookups under each attack among 10,000 nodes, and the curve of sybils. Prints the rows for docs.
import { expect, test } from 'vitest'
import { ATTACKS } from './attacks.ts'
import { type LookupsOptions, runLookups, summarize } from './lookups.ts'

const NETWORK = {
  seed: 78,
  count: 10_000,
  deadShare: 0.3,
  validShare: 0.8,
  roundTripMs: [20, 150],
  lossShare: 0.03,
  lookups: 300,
} as const

function run(name: string, options: Partial<LookupsOptions>): number {
  let least = 1
  for (const way of ['plain', 'private'] as const) {
    for (const start of ['cold', 'saved'] as const) {
      const summary = summarize(runLookups({ ...NETWORK, ...options, way, start }))
      console.log(JSON.stringify({ attack: name, way, start, ...summary }))
      least = Math.min(least, summary.successShare)
    }
  }
  return least
}

test.each(Object.entries(ATTACKS))(
  'under attack by "%s" 99 % of the lookups succeed',
  (name, options) => {
    expect(run(name, options)).toBeGreaterThanOrEqual(0.99)
  },
)

test('the curve of sybils: how many it takes to hide a torrent', () => {
  const shares = [16, 20, 24, 32, 48].map(sybils =>
    run(`${sybils} sybils`, { sybils, lookups: 100 }),
  )
  expect(shares[0]).toBeGreaterThan(0)
})
