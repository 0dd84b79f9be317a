// Thousands of real nodes in one process: they enter, churn by a tenth an hour, lose 3 % of the datagrams,
// a fifth of them sits behind NATs, and what some announce, others find. SIM_NODES chooses how many: each
// takes half a MiB, so that 10,000 need a larger heap (--max-old-space-size=8000).
import { expect, test } from 'vitest'
import { RealNetwork } from './real-nodes.ts'

const MINUTE_MS = 60_000
const COUNT = Number(process.env.SIM_NODES ?? 2500)

test(`${COUNT} real nodes find what others announced, before and after churn`, () => {
  const scene = new RealNetwork({
    seed: 10,
    count: COUNT,
    lossShare: 0.03,
    nattedShare: 0.2,
    entryMs: 5 * MINUTE_MS,
  })
  scene.grow(3 * MINUTE_MS)
  const share = (way: 'plain' | 'private') => {
    let found = 0
    for (let round = 0; round < 100; round++) {
      const infohash = scene.network.luck.bytes(20)
      const announcer = scene.someNode()
      scene.do(announcer, { kind: 'announce', infohash, port: 4000 })
      if (scene.finds(infohash, { ip: announcer.address.ip, port: 4000 }, way)) found++
    }
    return found / 100
  }
  const report = (when: string) => {
    const sizes = scene.nodes.map(({ machine }) => machine.nodeCount).sort((a, b) => a - b)
    const row = {
      when,
      nodes: scene.nodes.length,
      table: sizes[sizes.length >> 1],
      plain: share('plain'),
      private: share('private'),
      datagrams: scene.network.datagrams,
      heapMiB: Math.round(process.memoryUsage().heapUsed / 2 ** 20),
    }
    console.log(JSON.stringify(row))
    return row
  }
  const young = report('settled')
  scene.churn(0.02, 12 * MINUTE_MS)
  const old = report('after 12 minutes at 10 % an hour')
  for (const row of [young, old]) {
    expect(row.plain).toBeGreaterThanOrEqual(0.99)
    expect(row.private).toBeGreaterThanOrEqual(0.99)
  }
})
