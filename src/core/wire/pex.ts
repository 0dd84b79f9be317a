// Peer exchange (BEP 11): whom a peer is connected to, and whom it no longer is. All of it is hearsay.
import { type Address, concatBytes, toCompact } from '../bytes/index.ts'
import { type BencodeNode, BencodeReader } from './bencode.ts'
import { encodeBencode } from './bencode-value.ts'
import { parseEndpoint } from './endpoint.ts'
import { WireError } from './errors.ts'

/** Peers of one list and family that are read; BEP 11 allows 50 a message, and more in the first. */
export const PEX_PEERS_MAX = 200

const LIMITS = { depthMax: 4, tokensMax: 64, keyOrder: 'any' } as const
const reader = new BencodeReader(LIMITS)

export interface PexPeer {
  readonly address: Address
  readonly prefersEncryption: boolean
  readonly isSeed: boolean
  readonly hasUtp: boolean
  readonly hasHolepunch: boolean
  /** Its sender dialled it, so that it can be dialled. */
  readonly isReachable: boolean
}

export interface PexMessage {
  readonly added: readonly PexPeer[]
  readonly dropped: readonly Address[]
}

/** One list of endpoints in the message: its key, its size of an IP. */
const FAMILIES = [
  { suffix: '', ipSize: 4 },
  { suffix: '6', ipSize: 16 },
] as const

/**
 * Reads a payload of `ut_pex`. Endpoints with port 0 are left out, as is what goes beyond
 * `PEX_PEERS_MAX` in a list.
 *
 * @throws WireError where it is no dictionary within the limits.
 */
export function decodePex(payload: Uint8Array): PexMessage {
  const root = reader.scan(payload)
  if (reader.kind(root) !== 'dictionary') throw new WireError('extension-no-dictionary', 0)
  const added: PexPeer[] = []
  const dropped: Address[] = []
  for (const { suffix, ipSize } of FAMILIES) {
    const flags = reader.findString(root, `added${suffix}.f`)
    for (const [index, address] of readEndpoints(root, `added${suffix}`, ipSize)) {
      added.push(withFlags(address, flags?.[index] ?? 0))
    }
    for (const [, address] of readEndpoints(root, `dropped${suffix}`, ipSize)) dropped.push(address)
  }
  return { added, dropped }
}

/** The payload of a `ut_pex` message, freshly made. */
export function encodePex(message: PexMessage): Uint8Array {
  const members: { [key: string]: Uint8Array } = {}
  for (const { suffix, ipSize } of FAMILIES) {
    const added = message.added.filter(peer => peer.address.ip.length === ipSize)
    const dropped = message.dropped.filter(address => address.ip.length === ipSize)
    members[`added${suffix}`] = concatBytes(...added.map(peer => toCompact(peer.address)))
    members[`added${suffix}.f`] = Uint8Array.from(added, flagsOf)
    members[`dropped${suffix}`] = concatBytes(...dropped.map(toCompact))
  }
  return encodeBencode(members)
}

function readEndpoints(
  root: BencodeNode,
  key: string,
  ipSize: 4 | 16,
): [index: number, address: Address][] {
  const compact = reader.findString(root, key)
  const endpoints: [number, Address][] = []
  if (compact === undefined) return endpoints
  const size = ipSize + 2
  const count = Math.min(Math.floor(compact.length / size), PEX_PEERS_MAX)
  for (let index = 0; index < count; index++) {
    const address = parseEndpoint(compact, index * size, ipSize)
    if (address !== undefined) endpoints.push([index, address])
  }
  return endpoints
}

function withFlags(address: Address, flags: number): PexPeer {
  return {
    address,
    prefersEncryption: (flags & 1) !== 0,
    isSeed: (flags & 2) !== 0,
    hasUtp: (flags & 4) !== 0,
    hasHolepunch: (flags & 8) !== 0,
    isReachable: (flags & 16) !== 0,
  }
}

function flagsOf(peer: PexPeer): number {
  return (
    Number(peer.prefersEncryption) |
    (Number(peer.isSeed) << 1) |
    (Number(peer.hasUtp) << 2) |
    (Number(peer.hasHolepunch) << 3) |
    (Number(peer.isReachable) << 4)
  )
}
