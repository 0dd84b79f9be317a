// One process of a bootstrap server: the machine between its sockets, its snapshot and the store through
// which servers share nodes.
import { randomUUID } from 'node:crypto'
import { type Address, assert, formatAddress, ipScope } from '../../core/bytes/index.ts'
import { nodeIdFor } from '../../core/dht/index.ts'
import {
  BOOTSTRAP_DEFAULTS,
  type BootstrapChanges,
  type BootstrapOptions,
  BootstrapServer,
} from '../../core/services/bootstrap/index.ts'
import { systemLuck } from '../open-dht.ts'
import { BatchedUdp, openBatchedUdp } from './batched-udp.ts'
import { loadNative } from './native.ts'
import { openPlainUdp } from './plain-udp.ts'
import type { Report } from './report.ts'
import { openSharing, type Sharing } from './share-nodes.ts'
import { readSnapshots, removeSnapshots, writeSnapshot } from './snapshot-file.ts'
import type { Transport } from './transport.ts'

/** A crash costs at most so much of what was learnt; the nodes in the file are young enough to be used. */
const SNAPSHOT_EVERY_MS = 5 * 60_000

export interface BootstrapServiceOptions
  extends Partial<Omit<BootstrapOptions, 'ids' | 'families'>> {
  readonly listen: readonly Address[]
  /** Whether other processes may listen on the same ports. Default false. */
  readonly isShared?: boolean
  /** `plain` does without batched system calls even where they can be had. Default `auto`. */
  readonly transport?: 'auto' | 'plain'
  /** Where the nodes are kept from one run to the next; default nowhere. */
  readonly stateDirectory?: string
  /** Where processes that are no more kept their nodes, which are read too. Default none. */
  readonly formerDirectories?: readonly string[]
  /** `redis://…` of the store through which the servers of one operator share nodes; default none. */
  readonly shareNodes?: string
  /** What is shared under this name is not taken back; processes of one server have one. Default a new one. */
  readonly shareName?: string
  /** Hears, in one sentence each, of what an operator should know. */
  readonly onNotice?: (sentence: string) => void
}

/**
 * Opens a server and its sockets; it serves when the promise is fulfilled.
 *
 * @throws Error where the system refuses an address, or the state directory.
 */
export async function openBootstrapService(
  options: BootstrapServiceOptions,
): Promise<BootstrapService> {
  const notice = options.onNotice ?? (() => undefined)
  const server = new BootstrapServer(machineOptions(options), systemLuck, performance.now())
  // The snapshot is read before the port is taken: until then another process may be serving.
  const { stateDirectory } = options
  if (stateDirectory !== undefined) {
    const directories = [stateDirectory, ...(options.formerDirectories ?? [])]
    const { restored, refused } = readSnapshots(server, directories)
    for (const sentence of refused) notice(sentence)
    if (restored !== undefined) {
      notice(`Took over ${restored.fresh} verified nodes; ${restored.stale} must answer first.`)
    }
  }
  const transport = await openTransport(options, notice)
  transport.serve(server)
  const sharing =
    options.shareNodes === undefined
      ? undefined
      : await openSharing({
          server,
          url: options.shareNodes,
          name: options.shareName ?? randomUUID(),
          onNotice: notice,
        })
  return new BootstrapService({
    server,
    transport,
    sharing,
    directory: options.stateDirectory,
    formerDirectories: options.formerDirectories ?? [],
    notice,
  })
}

async function openTransport(
  options: BootstrapServiceOptions,
  notice: (sentence: string) => void,
): Promise<Transport> {
  const { listen, isShared = false } = options
  if (options.transport !== 'plain') {
    const native = await loadNative()
    if (typeof native !== 'string') return openBatchedUdp(native, { listen, isShared })
    notice(`Serving a datagram at a time: ${native}.`)
  }
  return openPlainUdp({ listen, isShared })
}

function machineOptions(options: BootstrapServiceOptions): BootstrapOptions {
  const chosen: Record<string, unknown> = {}
  for (const key of Object.keys(BOOTSTRAP_DEFAULTS)) {
    const value = options[key as keyof typeof BOOTSTRAP_DEFAULTS]
    if (value !== undefined) chosen[key] = value
  }
  return {
    ...BOOTSTRAP_DEFAULTS,
    ...chosen,
    ids: options.listen.map(ownId),
    families: options.listen.map(({ ip }) => ip.length as 4 | 16),
  }
}

/** An id of BEP 42 where our address is known; a new one at every start, so that none gets stale. */
function ownId({ ip }: Address): Uint8Array {
  const isKnown = ipScope(ip) === 'public'
  return isKnown ? nodeIdFor(ip, systemLuck.below(256), systemLuck) : systemLuck.bytes(20)
}

interface Parts {
  readonly server: BootstrapServer
  readonly transport: Transport
  readonly sharing: Sharing | undefined
  readonly directory: string | undefined
  readonly formerDirectories: readonly string[]
  readonly notice: (sentence: string) => void
}

/** An open server. Close it with `close` or `await using`. */
export class BootstrapService implements AsyncDisposable {
  readonly #parts: Parts
  readonly #openedAtMs = performance.now()
  readonly #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  /** Use `openBootstrapService`. */
  constructor(parts: Parts) {
    this.#parts = parts
    if (parts.directory !== undefined) {
      this.#timer = setInterval(() => void this.save(), SNAPSHOT_EVERY_MS)
      this.#timer.unref()
    }
  }

  /** Where it listens. */
  get addresses(): readonly Address[] {
    return this.#parts.transport.bound
  }

  /** The sockets of the batched way, for whoever steers datagrams among processes. */
  get batched(): BatchedUdp | undefined {
    const { transport } = this.#parts
    return transport instanceof BatchedUdp ? transport : undefined
  }

  report(): Report {
    const { server, transport, sharing } = this.#parts
    const { user, system } = process.cpuUsage()
    return {
      uptimeSeconds: (performance.now() - this.#openedAtMs) / 1000,
      transport: transport.kind,
      listen: transport.bound.map(formatAddress),
      processes: 1,
      nodes: { ip4: server.ring(4).count, ip6: server.ring(16).count },
      waiting: { ip4: server.waiting(4), ip6: server.waiting(16) },
      unsent: transport.unsent,
      residentBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      sharing: sharing === undefined ? 'off' : sharing.isReachable ? 'on' : 'away',
      sharedNodesTaken: sharing?.taken ?? 0,
      // A copy: whoever shows rates compares it with the one of a moment ago.
      counters: structuredClone(server.counters),
    }
  }

  /** Changes what may change while it runs. */
  configure(changes: BootstrapChanges): void {
    this.#parts.server.configure(changes)
  }

  /** Writes the snapshot, one at a time. A disk that refuses is told of, and tried again next time. */
  save(): Promise<void> {
    const { server, directory, formerDirectories, notice } = this.#parts
    assert(directory !== undefined, 'a server without a state directory has no snapshot')
    this.#saving = this.#saving
      .then(() => writeSnapshot(server, directory))
      .then(() => removeSnapshots(formerDirectories))
      .catch(error => notice(`The snapshot was not written: ${(error as Error).message}.`))
    return this.#saving
  }

  /** Stops serving, after what has arrived is answered, and saves what is known. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    const { transport, sharing, directory } = this.#parts
    clearInterval(this.#timer)
    await sharing?.close()
    await transport.close()
    if (directory !== undefined) await this.save()
  }
}
