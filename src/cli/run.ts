// One run of the client with its server and its display: from the sources to the exit code. Everything that it opens it
// closes, on the way of failure too.
import type { ClientOptions, Torrent, TorrentEvent, TorrentLive } from '../node/index.ts'
import type { RunningServer, ServerOptions } from '../server/index.ts'
import type { Display, Problem } from './display.ts'
import type { Settings } from './options.ts'

/** Kept in one place, so that what the page remembers (positions, theme) survives the next start. */
const USUAL_PORT = 7070
const PROGRESS_INTERVAL_MS = 1000
/** How long saving and closing may take before the process ends all the same. */
const STOP_LIMIT_MS = 5000

/** As the client takes them; without a state directory the usual one is meant. */
export type RunClientOptions = Omit<ClientOptions, 'stateDirectory'> & {
  readonly stateDirectory: string | undefined
}

/** The floors below, loaded by the caller when they are needed; tests give their own. */
export interface Floors {
  openClient(options: RunClientOptions): Promise<TorrentLive>
  openServer(options: ServerOptions): Promise<RunningServer>
}

export interface RunOptions {
  readonly sources: readonly string[]
  readonly settings: Settings
  /** Aborted when the user asks to stop. */
  readonly stop: AbortSignal
  /** `urlOf` gives the whole address of a path, once the server listens. */
  readonly makeDisplay: (urlOf: (path: string) => string) => Display
  /** Called when the page can be opened. */
  readonly onListening?: (server: RunningServer) => void
  /** Called for each torrent when its files are known. */
  readonly onMetadata?: (torrent: Torrent, server: RunningServer) => void
  readonly floors: Floors
}

/**
 * Runs until everything is done, failed or the user stops it.
 *
 * @returns the exit code: 0 done or stopped, 1 failed.
 * @throws Error with a sentence for the user when it cannot even begin.
 */
export async function run(options: RunOptions): Promise<0 | 1> {
  const { settings, floors } = options
  const client = await floors.openClient(clientOptions(settings))
  let server: RunningServer | undefined
  let display: Display | undefined
  const session = new Session(options, client)
  try {
    // The first packets travel while the server starts.
    const adding = session.addSources()
    // Awaited below; until then a failure is not yet anybody's.
    adding.catch(() => {})
    server = await floors.openServer({
      client,
      host: settings.host,
      port: settings.http ?? USUAL_PORT,
      isPortFixed: settings.http !== undefined,
      // A player whose torrent is taken away by the user is no problem.
      onError: error => {
        if (!(error instanceof Error && error.name === 'TorrentRemoved')) session.problem(error)
      },
    })
    const { urlOf } = server
    display = options.makeDisplay(urlOf)
    session.show(display, server)
    const ended = session.end()
    // A source may wait long for the name of a peer; a stop does not wait for it.
    const code = await Promise.race([ended, adding.then(() => ended)])
    display.note('Stopping…')
    if (settings.remove) await session.removeAll()
    return code
  } finally {
    session.close()
    display?.close()
    // The server first: its readers leave in peace before the client is gone.
    await within(
      STOP_LIMIT_MS,
      Promise.resolve(server?.close()).then(() => client.close()),
    )
  }
}

/** Gives up waiting, not closing: what hangs is left to the end of the process. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>(resolve => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([work, limit])
  clearTimeout(timer)
}

function clientOptions(settings: Settings): RunClientOptions {
  const { bind } = settings
  return {
    storeDirectory: settings.directory,
    stateDirectory: settings.state,
    connections: settings.connections,
    downLimit: settings.down,
    upLimit: settings.up,
    storeLimit: settings.storeLimit,
    share: settings.share,
    useDht: settings.dht,
    bootstrap: settings.bootstrap,
    allowPrivate: settings.allowPrivate,
    port: settings.port,
    ...(bind === undefined ? {} : { bind }),
  }
}

type Outcome = 'running' | 'done' | 'failed'

/** Watches the torrents of one run and tells the display; knows when all is over. */
class Session {
  readonly #options: RunOptions
  readonly #client: TorrentLive
  readonly #outcomes = new Map<Torrent, Outcome>()
  /** Torrents of which was said that nobody can be asked for their peers. */
  readonly #stranded = new Set<Torrent>()
  /** What happened before there was a display, in order. */
  #early: ((display: Display, server: RunningServer) => void)[] = []
  #shown: { readonly display: Display; readonly server: RunningServer } | undefined
  #isAdding = true
  #sourcesFailed = 0
  #isMuted = false
  #finish: (code: 0 | 1) => void = () => {}

  constructor(options: RunOptions, client: TorrentLive) {
    this.#options = options
    this.#client = client
    for (const torrent of client.torrents) this.#watch(torrent)
    client.onTorrent(torrent => this.#watch(torrent))
  }

  /** @throws the first reason when not one of the sources could be added. */
  async addSources(): Promise<void> {
    const { sources, settings } = this.#options
    const chosen = settings.file.length === 0 ? {} : { files: settings.file }
    const results = await Promise.allSettled(
      sources.map(source => this.#client.add(source, { peers: settings.peer, ...chosen })),
    )
    const failures = results.filter(result => result.status === 'rejected')
    for (const result of results) if (result.status === 'fulfilled') this.#watch(result.value)
    this.#sourcesFailed = failures.length
    const [first] = failures
    // Still adding: with `--exit` an empty run would else be over before its reason is told.
    if (first !== undefined && failures.length === results.length) throw first.reason
    this.#isAdding = false
    for (const { reason } of failures) this.problem(reason)
    this.#judge()
  }

  show(display: Display, server: RunningServer): void {
    this.#shown = { display, server }
    display.listening(server.url)
    this.#options.onListening?.(server)
    for (const tell of this.#early) tell(display, server)
    this.#early = []
  }

  /** What still happens while all is closed concerns nobody. */
  close(): void {
    this.#isMuted = true
    this.#finish(1)
  }

  /** Something that does not end the run. */
  problem(error: unknown): void {
    const problem = { ...problemOf(error, this.#options.settings.verbose), isFatal: false }
    this.#tell(display => display.problem(problem))
  }

  /** Settles when the run is over: stopped, done with `--exit`, or failed altogether. */
  async end(): Promise<0 | 1> {
    const { stop } = this.#options
    const ended = new Promise<0 | 1>(resolve => {
      this.#finish = resolve
    })
    const stopped = () => this.#finish(0)
    stop.addEventListener('abort', stopped, { once: true })
    const timer = setInterval(() => this.#tick(), PROGRESS_INTERVAL_MS)
    try {
      if (stop.aborted) stopped()
      this.#tick()
      return await ended
    } finally {
      clearInterval(timer)
      stop.removeEventListener('abort', stopped)
    }
  }

  async removeAll(): Promise<void> {
    const torrents = [...this.#client.torrents]
    await Promise.all(torrents.map(torrent => torrent.remove({ deleteFiles: true })))
  }

  #watch(torrent: Torrent): void {
    if (this.#outcomes.has(torrent)) return
    this.#outcomes.set(torrent, 'running')
    torrent.onEvent(event => this.#heard(torrent, event))
    torrent.metadata.then(
      () =>
        this.#tell((display, server) => {
          const view = torrent.view()
          if (view.state === 'failed') return
          display.metadata(view)
          this.#options.onMetadata?.(torrent, server)
          if (view.state === 'done') this.#done(torrent)
        }),
      // Why it failed comes as an event.
      () => {},
    )
  }

  #heard(torrent: Torrent, event: TorrentEvent): void {
    if (event.type === 'peer') this.#tell(display => display.peer(event))
    else if (event.type === 'done') this.#tell(() => this.#done(torrent))
    else if (event.type === 'removed') {
      this.#outcomes.delete(torrent)
      this.#stranded.delete(torrent)
    } else if (event.type === 'problem') {
      const { name, infohash } = torrent.view()
      this.#tell(display => {
        // A problem that is over is good news, not a problem.
        if (event.code === 'over') display.note(event.message)
        else display.problem(withWhatWasTried(event, this.#options.settings), name ?? infohash)
      })
      if (event.isFatal) this.#outcomes.set(torrent, 'failed')
      this.#judge()
    }
  }

  /** Once for each torrent, after a last state of it. */
  #done(torrent: Torrent): void {
    if (this.#outcomes.get(torrent) !== 'running' || this.#shown === undefined) return
    this.#outcomes.set(torrent, 'done')
    const view = torrent.view()
    this.#shown.display.progress([{ view, pieces: torrent.pieces() }])
    this.#shown.display.done(view)
    this.#judge()
  }

  #tick(): void {
    const shown = this.#client.torrents.map(torrent => ({
      view: torrent.view(),
      pieces: torrent.pieces(),
    }))
    this.#tell(display => display.progress(shown))
    this.#judge()
  }

  /** A page may still add torrents while the run was not asked to exit. */
  #judge(): void {
    if (this.#isAdding) return
    if (!canFindPeers(this.#options.settings)) this.#findStranded()
    const outcomes = [...this.#outcomes.values()]
    if (outcomes.length > 0 && outcomes.every(outcome => outcome === 'failed')) this.#finish(1)
    if (!this.#options.settings.exit || outcomes.includes('running')) return
    if (this.#client.torrents.some(torrent => torrent.view().viewers.length > 0)) return
    this.#finish(this.#sourcesFailed > 0 || outcomes.includes('failed') ? 1 : 0)
  }

  /** What no peer can ever be found for is said at once; what is on disk can still be watched. */
  #findStranded(): void {
    for (const [torrent, outcome] of this.#outcomes) {
      if (outcome !== 'running' || this.#stranded.has(torrent)) continue
      const { state, peersKnown, peers, verifiedBytes, name, infohash } = torrent.view()
      if (state === 'checking' || state === 'done' || peersKnown + peers.length > 0) continue
      this.#stranded.add(torrent)
      const isFatal = verifiedBytes === 0 || this.#options.settings.exit
      const problem = { code: 'no-peers', message: NOBODY_TO_ASK, isFatal }
      this.#tell(display => display.problem(problem, name ?? infohash))
      if (isFatal) this.#outcomes.set(torrent, 'failed')
    }
  }

  #tell(tell: (display: Display, server: RunningServer) => void): void {
    if (this.#isMuted) return
    if (this.#shown === undefined) this.#early.push(tell)
    else tell(this.#shown.display, this.#shown.server)
  }
}

const NOBODY_TO_ASK =
  'Nobody can be asked for peers: leave out --no-dht, or name a peer with --peer host:port.'

/** Peers come from the DHT, from the user, or by themselves where they are listened for. */
const canFindPeers = ({ dht, peer, share }: Settings): boolean =>
  dht || peer.length > 0 || share.kind === 'full'

/** The engine says that nobody is there; where it looked, only the settings know. */
function withWhatWasTried(problem: Problem, settings: Settings): Problem {
  if (problem.code !== 'no-peers') return problem
  const { dht, bootstrap, peer } = settings
  if (!canFindPeers(settings)) return { ...problem, message: NOBODY_TO_ASK }
  if (!dht)
    return {
      ...problem,
      message: `No peer answers, and with --no-dht no others are sought: ${
        peer.length > 0 ? `check --peer ${peer.join(' ')}` : 'wait for one to come'
      }, or leave out --no-dht.`,
    }
  const routers = bootstrap.length === 0 ? 'the public routers' : bootstrap.join(' ')
  const tried = [
    `the DHT from ${routers}`,
    ...(peer.length === 0 ? [] : [`--peer ${peer.join(' ')}`]),
  ]
  return { ...problem, message: `${problem.message} Tried: ${tried.join(', ')}.` }
}

/** What to say of an error: its own sentence when it has a name that we give, else that it is ours. */
export function problemOf(
  error: unknown,
  isVerbose: boolean,
): { readonly code: string; readonly message: string } {
  if (error instanceof Error && !OURS.has(error.name)) {
    const code = error.name.replaceAll(/(?<=.)[A-Z]/g, letter => `-${letter}`).toLowerCase()
    return { code, message: error.message }
  }
  const told = error instanceof Error ? (isVerbose ? error.stack : error.message) : String(error)
  return { code: 'internal-error', message: `This is a fault of torrent-live: ${told}` }
}

/** Errors without a name of their own are mistakes in the program. */
const OURS = new Set(['Error', 'TypeError', 'RangeError', 'SyntaxError', 'AssertionError'])
