// The options that all `torrent-live dht` commands share, and the node that they open.
import type { Command } from 'commander'
import { ipScope, parseIp } from '../core/bytes/index.ts'
import type { Router } from '../core/dht/index.ts'
import { type Dht, openDht } from '../node/index.ts'
import { readHostPort, readPort, UsageError } from './values.ts'

export interface DhtWords {
  readonly bootstrap?: readonly string[]
  readonly bind?: string
  readonly port?: number
  readonly plain?: boolean
  readonly state?: string
  readonly allowPrivate?: boolean
  readonly json?: boolean
}

/** Adds the shared options to `command`. */
export function withDhtOptions(command: Command): Command {
  return command
    .option('--bootstrap <host:port...>', 'nodes to start from, instead of the public routers')
    .option('--bind <address>', 'local address to send from')
    .option('--port <number>', 'local UDP port (default: any free one)', readPort)
    .option('--plain', 'name the target to every node on the way: more nodes learn it')
    .option('--state <directory>', 'keep the known nodes here between runs')
    .option('--allow-private', 'accept loopback and private addresses')
    .option('--json', 'one JSON object a line')
}

export function openNode(words: DhtWords, isServing: boolean, signal: AbortSignal): Promise<Dht> {
  const routers = words.bootstrap?.map(routerOf)
  const ip = words.bind === undefined ? undefined : parseIp(words.bind)
  if (words.bind !== undefined && ip === undefined) {
    throw new UsageError(`"${words.bind}" is no IP address: write for example 192.0.2.1.`)
  }
  const family = ip?.length === 16 ? 'ipv6' : 'ipv4'
  return openDht({
    isServing,
    signal,
    allowPrivate: words.allowPrivate === true || areAllPrivate(routers),
    ...(routers === undefined ? {} : { routers }),
    ...(words.bind === undefined ? {} : { families: [family], bind: { [family]: words.bind } }),
    ...(words.port === undefined ? {} : { port: words.port }),
    ...(words.state === undefined ? {} : { stateDirectory: words.state }),
  })
}

function routerOf(text: string): Router {
  const address = readHostPort(text)
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }
}

/** Whoever names only private routers means a private network. */
function areAllPrivate(routers: readonly Router[] | undefined): boolean {
  if (routers === undefined || routers.length === 0) return false
  return routers.every(({ host }) => {
    const ip = parseIp(host)
    return ip !== undefined && ipScope(ip) !== 'public'
  })
}
