// The attacks of docs/attacks.md that a lookup meets, by name: what of the network they change.
import type { LookupsOptions } from './lookups.ts'

export const ATTACKS: Readonly<Record<string, Partial<LookupsOptions>>> = {
  none: {},
  'ids chosen after the target was seen': { badShare: 0.1, malice: 'shifting' },
  'endless nearer nodes': { badShare: 0.1, malice: 'laddering' },
  'nodes that hide peers': { badShare: 0.2, malice: 'hiding' },
  'forged answers': { forgeries: 5000 },
  '8 sybils': { sybils: 8 },
  '15 sybils': { sybils: 15 },
}
