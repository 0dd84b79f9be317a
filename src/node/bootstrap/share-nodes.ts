// Servers of one operator tell each other whom they have verified, through a stream of a Redis or Valkey
// store, so that a new instance serves from its first second. Without the store each goes on alone.
import {
  type BootstrapServer,
  type Endpoint,
  VERIFIED_WITHIN_MS,
} from '../../core/services/bootstrap/index.ts'

/** The stream's name; the number is that of the entries' layout. */
const STREAM = 'torrent-live:bootstrap:nodes:1'
/** Entries that the store keeps: with up to 256 nodes each, the last minutes of a busy network. */
const STREAM_ENTRIES_MAX = 4096
/** New nodes are told in bunches: how long the first of them waits, and how many fit one entry. */
const BUNCH_MS = 200
const BUNCH_NODES_MAX = 256
/** Nodes that wait while the store is slow or away; more are not shared. */
const UNTOLD_NODES_MAX = 16 * BUNCH_NODES_MAX
/** Entries read at a time, and how long a read waits for the next one. */
const READ_ENTRIES_MAX = 64
const READ_BLOCK_MS = 1000
/** After a failure the store is tried again this much later. */
const RETRY_MS = 1000
/** How long the store may take to answer before it counts as away. */
const CONNECT_TIMEOUT_MS = 2000

/** A node as it is told: size of the IP, IP, port, id. */
const NODE_OVERHEAD = 1 + 2 + 20

export interface SharingOptions {
  readonly server: BootstrapServer
  /** `redis://` or `rediss://`, with user and password where the store wants them. */
  readonly url: string
  /** What comes back under this name is one's own. */
  readonly name: string
  readonly onNotice: (sentence: string) => void
}

export interface Sharing {
  readonly isReachable: boolean
  /** Nodes that were taken over from others. */
  readonly taken: number
  close(): Promise<void>
}

/**
 * Joins the others. What they know by now is read before the promise is fulfilled, if the store answers;
 * if not, it is tried again and again, and the server goes on alone.
 *
 * @throws Error where the optional package @redis/client is not installed, or the URL is none.
 */
export async function openSharing(options: SharingOptions): Promise<Sharing> {
  const { createClient } = await import('@redis/client')
  const open = (): Store => {
    const client = createClient({
      url: options.url,
      // Connecting again is done here, where the failure is told once and the backlog is read anew.
      socket: { reconnectStrategy: false, connectTimeout: CONNECT_TIMEOUT_MS },
      disableOfflineQueue: true,
    })
    // Failures reach the command that was under way; without a listener they would end the process.
    client.on('error', () => undefined)
    const typeMapping = { [BLOB_STRING]: Buffer }
    return {
      connect: async () => void (await client.connect()),
      ask: words => client.sendCommand(words as Buffer[], { typeMapping }),
      close: () => client.destroy(),
    }
  }
  const sharing = new StreamSharing(options, open)
  await sharing.start()
  return sharing
}

/** The type of RESP that carries binary: `$`. */
const BLOB_STRING = 36

/** A connection to the store, by words of its protocol. */
interface Store {
  connect(): Promise<void>
  ask(words: readonly (string | Buffer)[]): Promise<unknown>
  close(): void
}

/** An entry of a stream: its id, then names and values in turn. */
type Entry = readonly [id: Buffer, fields: readonly Buffer[]]

class StreamSharing implements Sharing {
  isReachable = false
  taken = 0
  readonly #options: SharingOptions
  readonly #open: () => Store
  readonly #self: Buffer
  #untold: Uint8Array[] = []
  #timer: NodeJS.Timeout | undefined
  #reader: Store | undefined
  #writer: Store | undefined
  #isClosing = false
  /** Said once for each time that the store goes. */
  #isAwayTold = false
  #lastId = '0'
  /** The store's clock less ours. */
  #clockLeadMs = 0

  constructor(options: SharingOptions, open: () => Store) {
    this.#options = options
    this.#open = open
    this.#self = Buffer.from(options.name)
  }

  /** Tries once, then goes on in the background. */
  async start(): Promise<void> {
    this.#options.server.onVerified = (node, id) => this.#tell(node, id)
    this.#lastId = `${Date.now() - VERIFIED_WITHIN_MS}`
    if (await this.#join()) void this.#follow()
    else this.#retryLater()
  }

  async close(): Promise<void> {
    this.#isClosing = true
    this.#options.server.onVerified = undefined
    clearTimeout(this.#timer)
    if (this.isReachable) await this.#flush()
    this.#leave()
  }

  /** Connects and reads what is there; false where the store is away. */
  async #join(): Promise<boolean> {
    this.#reader = this.#open()
    this.#writer = this.#open()
    try {
      await Promise.all([this.#reader.connect(), this.#writer.connect()])
      const [seconds, micros] = (await this.#reader.ask(['TIME'])) as [Buffer, Buffer]
      this.#clockLeadMs = Number(seconds) * 1000 + Number(micros) / 1000 - Date.now()
      while (this.#takeAll(await this.#readBacklog()) === READ_ENTRIES_MAX);
    } catch (error) {
      this.#goAlone(error as Error)
      return false
    }
    this.isReachable = true
    this.#isAwayTold = false
    this.#options.onNotice(`Shares nodes with others; took over ${this.taken} of theirs.`)
    return true
  }

  async #readBacklog(): Promise<readonly Entry[]> {
    const words = ['XRANGE', STREAM, `(${this.#lastId}`, '+', 'COUNT', `${READ_ENTRIES_MAX}`]
    return (await this.#reader?.ask(words)) as Entry[]
  }

  async #follow(): Promise<void> {
    const words = ['XREAD', 'COUNT', `${READ_ENTRIES_MAX}`, 'BLOCK', `${READ_BLOCK_MS}`, 'STREAMS']
    try {
      while (!this.#isClosing) {
        const answer = await this.#reader?.ask([...words, STREAM, this.#lastId])
        for (const [, entries] of (answer ?? []) as [Buffer, Entry[]][]) this.#takeAll(entries)
      }
    } catch (error) {
      if (this.#isClosing) return
      this.#goAlone(error as Error)
      this.#retryLater()
    }
  }

  #retryLater(): void {
    this.#timer = setTimeout(async () => {
      if (await this.#join()) void this.#follow()
      else if (!this.#isClosing) this.#retryLater()
    }, RETRY_MS)
    this.#timer.unref()
  }

  #goAlone(error: Error): void {
    this.#leave()
    if (this.#isAwayTold || this.#isClosing) return
    this.#isAwayTold = true
    this.#options.onNotice(`The store of shared nodes is away (${error.message}): going on alone.`)
  }

  #leave(): void {
    this.isReachable = false
    for (const store of [this.#reader, this.#writer]) {
      try {
        store?.close()
      } catch {
        // A connection that was never made cannot be closed, and need not be.
      }
    }
    this.#reader = undefined
    this.#writer = undefined
  }

  #takeAll(entries: readonly Entry[]): number {
    for (const [id, fields] of entries) {
      this.#lastId = id.toString('latin1')
      if (fields[1]?.equals(this.#self) === false && fields[3] !== undefined) {
        const toldAtMs = Number.parseInt(this.#lastId, 10)
        this.#takeNodes(
          fields[3],
          Math.max(0, Date.now() + this.#clockLeadMs - toldAtMs) + BUNCH_MS,
        )
      }
    }
    return entries.length
  }

  /** Takes the nodes of one entry; what is no node ends it. */
  #takeNodes(told: Uint8Array, ageMs: number): void {
    const { server } = this.#options
    for (let at = 0; at < told.length; ) {
      const ipSize = told[at]
      if ((ipSize !== 4 && ipSize !== 16) || at + NODE_OVERHEAD + ipSize > told.length) return
      const portAt = at + 1 + ipSize
      const port = ((told[portAt] as number) << 8) | (told[portAt + 1] as number)
      const id = told.subarray(portAt + 2, portAt + 22)
      const verdict = server.share(
        performance.now(),
        { ip: told, ipAt: at + 1, ipSize, port },
        id,
        ageMs,
      )
      if (verdict === 'added') this.taken++
      at += NODE_OVERHEAD + ipSize
    }
  }

  /** Notes a node that got into the ring; it is told with the next bunch. */
  #tell(node: Endpoint, id: Uint8Array): void {
    if (!this.isReachable || this.#untold.length >= UNTOLD_NODES_MAX) return
    const told = new Uint8Array(NODE_OVERHEAD + node.ipSize)
    told[0] = node.ipSize
    told.set(node.ip.subarray(node.ipAt, node.ipAt + node.ipSize), 1)
    told[1 + node.ipSize] = node.port >> 8
    told[2 + node.ipSize] = node.port
    told.set(id, 3 + node.ipSize)
    this.#untold.push(told)
    if (this.#untold.length === 1) setTimeout(() => void this.#flush(), BUNCH_MS)
  }

  async #flush(): Promise<void> {
    const untold = this.#untold
    this.#untold = []
    const store = this.#writer
    if (store === undefined) return
    const limit = `${STREAM_ENTRIES_MAX}`
    try {
      for (let from = 0; from < untold.length; from += BUNCH_NODES_MAX) {
        const nodes = Buffer.concat(untold.slice(from, from + BUNCH_NODES_MAX))
        const head = ['XADD', STREAM, 'MAXLEN', '~', limit, '*', 'from']
        await store.ask([...head, this.#self, 'nodes', nodes])
      }
    } catch (error) {
      // The reader meets the same failure and tries again; those untold are pinged by others in time.
      this.#goAlone(error as Error)
    }
  }
}
