// `torrent-live demo`: a private swarm on this machine, streamed as a real user would stream a real one. A DHT node, five
// slow peers that share a bundled clip, and the ordinary command that knows nothing but a magnet link.
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type ClientOptions,
  type Dht,
  type OpenDhtOptions,
  openClient,
  openDht,
  type TorrentLive,
} from '../node/index.ts'
import { type DemoTorrent, makeDemoTorrent } from './demo-torrent.ts'
import { thisMachine } from './folders.ts'
import type { Settings } from './options.ts'
import { parse } from './parse.ts'
import { withStopSignal } from './stop-signal.ts'
import { stream } from './stream.ts'
import { UsageError } from './values.ts'

type Routers = NonNullable<OpenDhtOptions['routers']>

const NAME = 'torrent-live demo'
const FILES = ['torrent-live demo.mp4', 'torrent-live demo.en.srt']
const SEEDERS = 5
/** Five of them are five times as fast as the clip plays: it starts at once, and the download can be watched. */
const SEEDER_RATE = 56_000
/** How long a seeder may take to check its copy of three megabytes. */
const SEEDER_READY_MS = 20_000

const HELP = `Usage: torrent-live demo [options]

Shows torrent-live on this machine alone: a DHT node and ${SEEDERS} slow peers share a
bundled clip, and the ordinary command streams it from a magnet link and opens
the page. Nothing is asked of the network, nothing is kept. Ctrl-C ends it.

Takes the options of "torrent-live --help"; the most useful here:
  --exit          quit when the clip is there
  --http <port>   port of the page (7070, or any free one)
  --player <name> play it in mpv or vlc
  --json          one JSON object a line, and no browser
  -h, --help      show this
`

/** The command line's `demo`. @throws UsageError */
export async function runDemo(words: readonly string[]): Promise<number> {
  const parsed = parse({ words, machine: thisMachine(), version: '', isColoured: false })
  if (parsed.kind === 'stream') throw new UsageError('The demo takes no source: leave it out.')
  if (parsed.kind === 'demo') return demo(parsed.settings)
  process.stdout.write(HELP)
  return 0
}

/** @returns the exit code. */
export function demo(settings: Settings): Promise<number> {
  return withStopSignal(stop => demoUntil(stop, settings))
}

async function demoUntil(stop: AbortSignal, settings: Settings): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'torrent-live-demo-'))
  const swarm = new DemoSwarm(folder)
  try {
    const torrent = await loadTorrent()
    const router = await swarm.open(torrent)
    return await stream({
      sources: [torrent.magnet],
      stop,
      greeting: `The demo: ${SEEDERS} slow peers on this machine share a clip. Ctrl-C ends it.`,
      settings: {
        ...settings,
        directory: join(folder, 'store'),
        state: join(folder, 'state'),
        bootstrap: [router],
        allowPrivate: true,
        open: !settings.json,
      },
    })
  } finally {
    await swarm.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const clipPath = (name: string): string =>
  fileURLToPath(new URL(`../../demo/${name}`, import.meta.url))

async function loadTorrent(): Promise<DemoTorrent> {
  const load = async (name: string) => ({ name, bytes: await readFile(clipPath(name)) })
  return makeDemoTorrent(NAME, await Promise.all(FILES.map(load)))
}

/** The other side: what on a real day is the rest of the world. */
class DemoSwarm {
  readonly #folder: string
  readonly #open: { close(): Promise<unknown> }[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @returns `host:port` of the DHT node to start from. */
  async open(torrent: DemoTorrent): Promise<string> {
    const router = await this.#node('127.0.0.1', [])
    const routers = [{ host: '127.0.0.1', port: router.ports.ipv4 ?? 0 }]
    const places = await seederPlaces()
    await Promise.all(places.map(place => this.#seed(torrent, place, routers)))
    return `127.0.0.1:${routers[0]?.port}`
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map(one => one.close()))
  }

  async #node(host: string, routers: Routers): Promise<Dht> {
    const options = { families: ['ipv4'] as const, bind: { ipv4: host }, isServing: true }
    const node = await openDht({ ...options, routers, allowPrivate: true })
    this.#open.push(node)
    return node
  }

  /** A peer with its own copy, its own node, and an announce that others find. */
  async #seed(torrent: DemoTorrent, place: Place, routers: Routers): Promise<void> {
    const { host, port } = place
    const folder = join(this.#folder, `peer-${port}`)
    const options: ClientOptions = {
      storeDirectory: join(folder, 'store'),
      stateDirectory: join(folder, 'state'),
      connections: 20,
      downLimit: Number.POSITIVE_INFINITY,
      upLimit: SEEDER_RATE,
      storeLimit: Number.POSITIVE_INFINITY,
      share: { kind: 'full', ratio: Number.POSITIVE_INFINITY },
      useDht: false,
      bootstrap: [],
      allowPrivate: true,
      bind: host,
      port,
    }
    const store = join(options.storeDirectory, NAME)
    await mkdir(store, { recursive: true })
    for (const name of FILES) await copyFile(clipPath(name), join(store, name))
    const client = await openClient(options)
    this.#open.push(client)
    await seeding(client, torrent)
    const node = await this.#node(host, routers)
    const infohash = Uint8Array.from(Buffer.from(torrent.infohash, 'hex'))
    const announce = node.run({ kind: 'announce', infohash, port, isSeed: true })
    for await (const _ of announce);
  }
}

/** Settles when the copy is checked and shared, or the time for it is over. */
async function seeding(client: TorrentLive, { metainfo }: DemoTorrent): Promise<void> {
  const torrent = await client.add(metainfo)
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, SEEDER_READY_MS)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    torrent.onEvent(event => {
      if (event.type === 'done') done()
    })
    if (torrent.view().state === 'done') done()
  })
}

interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Each peer has a network of its own, for a lookup trusts a /16 once. macOS has 127.0.0.1 alone: there they share it.
 */
async function seederPlaces(): Promise<Place[]> {
  const numbers = Array.from({ length: SEEDERS }, (_, index) => index + 1)
  return Promise.all(
    numbers.map(async number => {
      const host = `127.${number}.0.1`
      const port = await freePort(host)
      if (port !== undefined) return { host, port }
      return { host: '127.0.0.1', port: (await freePort('127.0.0.1')) ?? 0 }
    }),
  )
}

/** @returns `undefined` where this machine has no such address. */
function freePort(host: string): Promise<number | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ host, port: 0 }, () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
