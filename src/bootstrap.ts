// The door `torrent-live/bootstrap`: a DHT bootstrap server, and its pure machine for other loops.
export {
  type AnswerSlot,
  BOOTSTRAP_DEFAULTS,
  type BootstrapInput,
  type BootstrapOptions,
  type BootstrapSend,
  BootstrapServer,
  type Counters,
  type Datagram,
} from './core/services/bootstrap/index.ts'
export type { Report } from './node/bootstrap/report.ts'
export {
  type BootstrapService,
  type BootstrapServiceOptions,
  openBootstrapService as open,
} from './node/bootstrap/service.ts'
