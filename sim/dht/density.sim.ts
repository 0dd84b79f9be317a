// The private lookup in larger networks, by a density model: its curve of queries against network size.
import { expect, test } from 'vitest'
import { DensityNetwork } from './density.ts'
import { summarize } from './lookups.ts'

test.each([1e4, 1e5, 1e6, 1e7])(
  'among %d nodes private lookups find what plain ones find',
  count => {
    const network = new DensityNetwork({
      seed: 3,
      count,
      deadShare: 0.3,
      lossShare: 0.03,
      roundTripMs: [20, 150],
    })
    const run = (way: 'plain' | 'private', before: number) => {
      const results = Array.from({ length: 200 }, () => network.lookUp(way, before))
      const { candidates: _none, ...summary } = summarize(
        results.map(each => ({ ...each, candidates: [1] })),
      )
      console.log(JSON.stringify({ count, way, before, ...summary }))
      return summary
    }
    for (const before of [0, 3]) {
      const plain = run('plain', before)
      const hidden = run('private', before)
      expect(hidden.told).toBeLessThanOrEqual(count < 1e7 ? 8 : 10)
      expect(hidden.toldMax).toBeLessThanOrEqual(16)
      expect(hidden.successShare).toBeGreaterThanOrEqual(0.97 * plain.successShare)
    }
  },
)
