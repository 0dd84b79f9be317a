// Every scenario of the whole client; the ordinary tests play a few seeds, `npm run sim` many.
import { diskScenarios } from './disks.ts'
import { peerScenarios } from './peers.ts'
import type { Scenario } from './scenario.ts'
import { viewerScenarios } from './viewers.ts'

export const scenarios: readonly Scenario[] = [
  ...peerScenarios,
  ...viewerScenarios,
  ...diskScenarios,
]
