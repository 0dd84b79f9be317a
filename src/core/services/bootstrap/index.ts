// Floor 3: the DHT bootstrap server without sockets, timers or clock.
export {
  ANSWER_LIMIT_BYTES,
  type AnswerSlot,
  type Datagram,
  newAnswerSlot,
} from './answer.ts'
export type { Endpoint } from './cookie.ts'
export {
  AGE_BUCKETS_SECONDS,
  type Counters,
  newCounters,
} from './counters.ts'
export {
  ANSWER_SIZE_MAX,
  BOOTSTRAP_DEFAULTS,
  type BootstrapChanges,
  type BootstrapOptions,
} from './options.ts'
export { VERIFIED_WITHIN_MS } from './schedule.ts'
export { type BootstrapInput, type BootstrapSend, BootstrapServer } from './server.ts'
export { type Restored, snapshotRowSize } from './snapshot.ts'
