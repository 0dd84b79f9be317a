import { expect, test } from 'vitest'
import { chiSquared, chiSquaredLimit, Scene } from './scene.ts'

const SEED = 1

/** Three hours of 20,000 visitors each: the week of `week.sim.ts` in small. */
test(`whoever is named answered lately, and nobody is preferred (seed ${SEED})`, () => {
  const scene = new Scene({ seed: SEED, hours: 3, visitorsPerHour: 20_000, lookAtEvery: 1 })
  scene.run(2)
  const before = scene.members()
  scene.isCounting = true
  scene.run(1)
  const { outcome, population, server } = scene
  expect(outcome.neverAnswered).toBe(0)
  expect(outcome.verifiedTooLongAgo).toBe(0)
  expect(outcome.withStrayId).toBe(0)
  expect(outcome.namedAlive / outcome.named).toBeGreaterThan(0.95)
  expect(outcome.mostInOneNetwork).toBe(8)
  const stayed = [...scene.members()].filter(
    machine => before.has(machine) && population.answers(machine, scene.nowMs),
  )
  const { statistic, freedom } = chiSquared(scene, new Set(stayed))
  expect(freedom).toBeGreaterThan(500)
  expect(statistic).toBeLessThan(chiSquaredLimit(freedom))
  expect(server.counters.pongs['cookie-wrong']).toBeGreaterThan(0)
})
