// Floor 0: the shape of a machine and the words between machines and the world. Types only.
export type { Digests, Luck, Machine, Millis } from './machine.ts'
export type {
  ConnectionId,
  DialFailure,
  DiskFailure,
  DiskRead,
  DiskWrite,
  Hash,
  Notify,
  RequestId,
  Resolve,
  Save,
  TcpClose,
  TcpDial,
  TcpSend,
  UdpSend,
  WorldEffect,
  WorldInput,
} from './verbs.ts'
