// What a user may add, as a machine wants it: a magnet link, an infohash, a .torrent file or its bytes.
import { lookup } from 'node:dns/promises'
import { readFile, stat } from 'node:fs/promises'
import { type Address, ipScope, parseAddress, parseIp } from '../core/bytes/index.ts'
import type { TorrentSource } from '../core/client/index.ts'
import {
  type Metainfo,
  parseMagnet,
  parseTorrentFile,
  TORRENT_FILE_LIMIT_BYTES,
  WireError,
} from '../core/wire/index.ts'
import type { Digests } from '../core/world/index.ts'

const WHAT_IS_ACCEPTED =
  'Give a magnet link, an infohash (40 hexadecimal or 32 base32 digits, 64 for v2), or a .torrent file.'

/** @throws Error named `BadSource`, whose message says what would be accepted. */
export async function readSource(
  source: string | Uint8Array,
  digests: Digests,
): Promise<TorrentSource> {
  if (typeof source !== 'string') return sourceOf(readMetainfo(source, 'These bytes', digests))
  const magnet = parseMagnet(source)
  if (!('problem' in magnet)) {
    return {
      infohash: magnet.infohash,
      ...(magnet.infohash2 === undefined ? {} : { infohash2: magnet.infohash2 }),
      ...(magnet.name === undefined ? {} : { name: magnet.name }),
      // Names are not resolved: whoever wrote the link would learn from the question who opened it.
      peers: magnet.peers.flatMap(({ host, port }) => {
        const ip = parseIp(host)
        return ip === undefined ? [] : [{ ip, port }]
      }),
      ...(magnet.select === undefined ? {} : { select: magnet.select }),
    }
  }
  if (magnet.problem !== 'not-a-source') throw badSource(`${magnet.message} ${WHAT_IS_ACCEPTED}`)
  return sourceOf(readMetainfo(await readTorrentFile(source), source, digests))
}

/** A source whose file list is known. */
export function sourceOf(metainfo: Metainfo): TorrentSource {
  const { infohash, infohash2, name } = metainfo
  return { infohash, ...(infohash2 === undefined ? {} : { infohash2 }), name, metainfo }
}

async function readTorrentFile(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path)
    if (size <= TORRENT_FILE_LIMIT_BYTES) return await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'it is a directory'
          : `the system says ${code}`
    throw badSource(`Cannot read ${JSON.stringify(path)}: ${reason}. ${WHAT_IS_ACCEPTED}`, error)
  }
  const limit = TORRENT_FILE_LIMIT_BYTES / 2 ** 20
  throw badSource(
    `${path} has more than ${limit} MiB: that is no .torrent file. ${WHAT_IS_ACCEPTED}`,
  )
}

function readMetainfo(bytes: Uint8Array, what: string, digests: Digests): Metainfo {
  try {
    return parseTorrentFile(bytes, digests)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    throw badSource(`${what} is no .torrent file (${error.message}). ${WHAT_IS_ACCEPTED}`, error)
  }
}

/**
 * The endpoints that `texts` name, host names resolved: the user has given them.
 *
 * @throws Error named `BadSource` for what is no `host:port`, or a name that nobody has.
 */
export async function resolvePeers(texts: readonly string[]): Promise<Address[]> {
  return (await Promise.all(texts.map(resolvePeer))).flat()
}

async function resolvePeer(text: string): Promise<Address[]> {
  const address = parseAddress(text)
  if (address !== undefined) return [address]
  const { host, port } = parseHostPort(text)
  const found = await lookup(host, { all: true }).catch(error => {
    throw badSource(`The name ${host} of the peer ${text} could not be resolved.`, error)
  })
  return found.flatMap(one => {
    const ip = parseIp(one.address)
    return ip === undefined ? [] : [{ ip, port }]
  })
}

/** @throws Error named `BadSource` */
export function parseHostPort(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port < 1 || port > 65_535) {
    throw badSource(`${JSON.stringify(text)} is no host:port, such as 192.0.2.1:6881.`)
  }
  return { host, port }
}

/** Whether `host` is an address that only this machine or its neighbours can reach. */
export function isPrivateHost(host: string): boolean {
  const ip = parseIp(host)
  if (ip === undefined) return false
  const scope = ipScope(ip)
  return scope === 'loopback' || scope === 'private'
}

/** The user gave something that cannot be taken; the message says what to give instead. */
export function badSource(message: string, cause?: unknown): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause })
  error.name = 'BadSource'
  return error
}
