import { expect, test } from 'vitest'
import { fuzz, readCorpus } from '../../../test/support/fuzz.ts'
import { targets } from '../../../test/support/wire-targets.ts'
import { WireError } from './index.ts'

// The short run; ten million inputs each are `npm run fuzz`.
test.each(targets)('$name: 20,000 mutants decode or are refused, nothing else', target => {
  const report = fuzz(target, { inputs: 20_000, seed: 20_261_120 })
  // Both must happen, or the mutations say nothing.
  expect(report.accepted).toBeGreaterThan(200)
  expect(report.accepted).toBeLessThan(19_800)
})

test.each(targets)('$name: its corpus is what it should be, mostly accepted', target => {
  const corpus = readCorpus(target.name)
  expect(corpus.length).toBeGreaterThanOrEqual(8)
  const verdicts = corpus.map(input => {
    try {
      target.decode(input, { below: () => 0 } as never)
      return 'accepted'
    } catch (error) {
      expect(error).toBeInstanceOf(WireError)
      return 'refused'
    }
  })
  expect(verdicts.filter(verdict => verdict === 'accepted').length).toBeGreaterThan(
    corpus.length / 2,
  )
})

test('a decoder that throws anything else is caught with the input that did it', () => {
  const careless = {
    name: 'bencode',
    decode: (input: Uint8Array) => {
      if (input.length > 3) throw new RangeError('out of reach')
    },
  }
  expect(() => fuzz(careless, { inputs: 100, seed: 1 })).toThrow(
    /bencode, seed 1, input \d+: RangeError/,
  )
})
