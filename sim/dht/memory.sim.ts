// Ten thousand lookups of one client leave its memory as it was.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { LookupScene } from './lookups.ts'

const LOOKUPS = 10_000
const WARM_UP = 2000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapMiB(): number {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

test('10,000 lookups leave memory flat', () => {
  const scene = new LookupScene({
    seed: 12,
    count: 2000,
    deadShare: 0.3,
    validShare: 0.8,
    roundTripMs: [20, 150],
    lossShare: 0.03,
    lookups: LOOKUPS,
    way: 'private',
    start: 'cold',
  })
  const client = scene.newClient()
  let afterWarmUp = 0
  for (let count = 0; count < LOOKUPS; count++) {
    const infohash = scene.network.luck.bytes(20)
    scene.lookUp(client, infohash, count % 2 === 0 ? 'private' : 'plain')
    client.notices.length = 0
    scene.crowd.forgetInfohashes()
    if (count === WARM_UP) afterWarmUp = heapMiB()
  }
  const grownMiB = heapMiB() - afterWarmUp
  console.log(JSON.stringify({ lookups: LOOKUPS, grownMiB: Math.round(grownMiB * 100) / 100 }))
  expect(grownMiB).toBeLessThan(2)
})
