import { describe, test } from 'vitest'
import { diskScenarios } from './disks.ts'
import { peerScenarios } from './peers.ts'
import { viewerScenarios } from './viewers.ts'

const SEEDS = [1, 2, 3]

describe('the whole client in the simulator', () => {
  test.each([...peerScenarios, ...viewerScenarios, ...diskScenarios])('$name', ({ play }) => {
    for (const seed of SEEDS) play(seed)
  })
})
