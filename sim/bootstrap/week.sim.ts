// A week of a busy public server: a million visitors an hour. `SIM_HOURS` and `SIM_VISITORS` shorten it.
import { expect, test } from 'vitest'
import { chiSquared, chiSquaredLimit, Scene } from './scene.ts'

const HOURS = Number(process.env.SIM_HOURS ?? 168)
const VISITORS = Number(process.env.SIM_VISITORS ?? 1_000_000)
const SEED = Number(process.env.SIM_SEED ?? 1)

test(`${HOURS} hours of ${VISITORS} visitors (seed ${SEED})`, () => {
  const scene = new Scene({ seed: SEED, hours: HOURS, visitorsPerHour: VISITORS, lookAtEvery: 8 })
  scene.run(HOURS - 1)
  const before = scene.members()
  scene.isCounting = true
  scene.run(1)
  const { outcome, population, server } = scene
  const aliveShare = outcome.namedAlive / outcome.named
  const stayed = [...scene.members()].filter(
    machine => before.has(machine) && population.answers(machine, scene.nowMs),
  )
  const { statistic, freedom, expected } = chiSquared(scene, new Set(stayed))
  // The first two hours fill the ring; the last minute has only begun.
  const settled = outcome.pingsByMinute.slice(120, -1)
  const mean = settled.reduce((sum, count) => sum + count, 0) / settled.length
  const { probation } = server.counters.pings
  const firstPongs = server.counters.pongs
  console.log(
    JSON.stringify({
      visits: outcome.visits,
      answers: outcome.answers,
      named: outcome.named,
      aliveShare,
      neverAnswered: outcome.neverAnswered,
      verifiedTooLongAgo: outcome.verifiedTooLongAgo,
      withStrayId: outcome.withStrayId,
      sybilShare: outcome.sybilsNamed / outcome.named,
      floodAnswered: outcome.floodAnswers / outcome.floodQueries,
      chiSquared: statistic,
      freedom,
      limit: chiSquaredLimit(freedom),
      timesNamed: expected,
      pingsPerMinute: { mean, most: Math.max(...settled), least: Math.min(...settled) },
      newcomersAlive: (firstPongs.added + firstPongs['id-invalid']) / probation,
      nodesMost: outcome.nodesMost,
      waitingMost: outcome.waitingMost,
      mostInOneNetwork: outcome.mostInOneNetwork,
      counters: server.counters,
      residentMiB: process.memoryUsage.rss() / 2 ** 20,
    }),
  )
  expect(outcome.neverAnswered + outcome.verifiedTooLongAgo + outcome.withStrayId).toBe(0)
  expect(aliveShare).toBeGreaterThanOrEqual(0.95)
  expect(statistic).toBeLessThan(chiSquaredLimit(freedom))
  expect(outcome.mostInOneNetwork).toBeLessThanOrEqual(8)
  expect(Math.max(...settled)).toBeLessThan(mean * 1.5)
  expect(Math.min(...settled)).toBeGreaterThan(mean / 1.5)
})
