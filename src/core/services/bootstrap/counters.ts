// What the machine counts. Plain numbers that only grow; rates and shares are for whoever shows them.

/** Why a datagram got no answer, or an error in place of one. */
export const REJECTIONS = [
  'source',
  'malformed',
  'no-transaction',
  'rate',
  'unasked',
  'amplification',
  'method-unknown',
  'protocol',
] as const
export type Rejection = (typeof REJECTIONS)[number]

/** What became of a pong. */
const PONG_FATES = [
  'added',
  'renewed',
  'host-taken',
  'network-full',
  'stale',
  'id-invalid',
  'cookie-wrong',
] as const
type PongFate = (typeof PONG_FATES)[number]

/** Upper bounds of the buckets in which the ages of what is handed out are counted, in seconds. */
export const AGE_BUCKETS_SECONDS = [
  15, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1500,
] as const

export interface Counters {
  readonly queries: Record<'ping' | 'find_node' | 'get_peers' | 'get' | 'other', number>
  answers: number
  answeredBytes: number
  receivedBytes: number
  errors: number
  readonly rejections: Record<Rejection, number>
  /** Pings that visitors waited for, and those that check who is in the ring. */
  readonly pings: Record<'probation' | 'recheck', number>
  readonly pongs: Record<PongFate, number>
  /** Nodes that left because they stayed silent. */
  departed: number
  queued: number
  queueRefused: number
  nodesHandedOut: number
  /** One answer in 64 is looked at: how many of its nodes were that old, by bucket; the last: older. */
  readonly handOutAges: number[]
}

export function newCounters(): Counters {
  return {
    queries: { ping: 0, find_node: 0, get_peers: 0, get: 0, other: 0 },
    answers: 0,
    answeredBytes: 0,
    receivedBytes: 0,
    errors: 0,
    rejections: zeros(REJECTIONS),
    pings: { probation: 0, recheck: 0 },
    pongs: zeros(PONG_FATES),
    departed: 0,
    queued: 0,
    queueRefused: 0,
    nodesHandedOut: 0,
    handOutAges: new Array<number>(AGE_BUCKETS_SECONDS.length + 1).fill(0),
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map(name => [name, 0])) as Record<Name, number>
}
