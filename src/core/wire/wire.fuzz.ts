// The long run: `npm run fuzz`, FUZZ_INPUTS inputs (10 million) for each decoder of the wire. Another
// FUZZ_SEED tries others; a failure prints the seed and the input.
import { expect, test } from 'vitest'
import { fuzz } from '../../../test/support/fuzz.ts'
import { targets } from '../../../test/support/wire-targets.ts'

const INPUTS = Number(process.env.FUZZ_INPUTS ?? 10_000_000)
const SEED = Number(process.env.FUZZ_SEED ?? 1)
/** An agreement costs ciphers and digests, ten times what other inputs do: its run is to end in minutes. */
const MSE_SHARE = 1 / 4
/** No input of 4 KiB may take longer, however busy the machine is. */
const SLOWEST_MS = 2000
/** A leak of 32 bytes an input would show. */
const GROWTH_LIMIT_MIB = 300

test.each(targets)('$name', target => {
  const inputs = target.name === 'mse' ? INPUTS * MSE_SHARE : INPUTS
  const report = fuzz(target, { inputs, seed: SEED })
  const rate = Math.round(report.inputs / report.seconds)
  console.log(
    `${target.name}: ${report.inputs} inputs, ${report.accepted} accepted, ${rate}/s,`,
    `slowest ${report.slowestMs.toFixed(1)} ms, process grew ${report.growthMiB.toFixed(0)} MiB`,
  )
  expect(report.slowestMs).toBeLessThan(SLOWEST_MS)
  expect(report.growthMiB).toBeLessThan(GROWTH_LIMIT_MIB)
})
