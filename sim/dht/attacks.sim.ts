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

/** The least share of lookups that found a peer, by way. */
function run(name: string, options: Partial<LookupsOptions>): { plain: number; private: number } {
  const least = { plain: 1, private: 1 }
  for (const way of ['plain', 'private'] as const) {
    for (const start of ['cold', 'saved'] as const) {
      const summary = summarize(runLookups({ ...NETWORK, ...options, way, start }))
      console.log(JSON.stringify({ attack: name, way, start, ...summary }))
      least[way] = Math.min(least[way], summary.successShare)
    }
  }
  return least
}

test.each(Object.entries(ATTACKS))(
  'under attack by "%s" 99 % of the lookups succeed',
  (name, options) => {
    const least = run(name, options)
    expect(least.plain).toBeGreaterThanOrEqual(0.99)
    // Sixteen tellings at most: where more bad nodes than good ones are near, a few lookups meet only bad ones.
    expect(least.private).toBeGreaterThanOrEqual(options.sybils === undefined ? 0.99 : 0.9)
  },
)

test('the curve of sybils: how many it takes to hide a torrent', () => {
  const shares = [16, 20, 24, 32, 48].map(sybils =>
    run(`${sybils} sybils`, { sybils, lookups: 100 }),
  )
  expect(shares[0]).toBeGreaterThan(0)
})
