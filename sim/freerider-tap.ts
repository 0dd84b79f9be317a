// Watches every packet of a freerider, as a wire would: fails the run at the first one that says more
// than docs/freerider.md allows.
import { type Address, equalBytes } from '../src/core/bytes/index.ts'
import type { ConnectionId } from '../src/core/world/index.ts'
import { checkDatagram, FreeriderStream } from './freerider-words.ts'
import type { Packet, Wiretap } from './world.ts'

/** A wiretap that fails at the first packet of the host at `address` that breaks the freerider's word. */
export function freeriderTap(address: Address): Wiretap {
  const streams = new Map<ConnectionId, FreeriderStream>()
  const peerIds = new Map<string, Uint8Array>()
  return ({ from, connection, bytes }: Packet) => {
    if (from.port !== address.port || !equalBytes(from.ip, address.ip)) return
    if (connection === undefined) checkDatagram(bytes)
    else {
      const stream = streams.get(connection) ?? new FreeriderStream(peerIds)
      streams.set(connection, stream)
      stream.read(bytes)
    }
  }
}
