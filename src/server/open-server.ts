// The HTTP server: who may ask, and who answers. Streams and events are answered here and now; the rest is
// loaded when it is first asked for.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { fileURLToPath } from 'node:url'
import { EventHub } from './events.ts'
import type { Torrents } from './find.ts'
import { admit, type GuardOptions, isLoopback, makeToken, withToken } from './guard.ts'
import { HttpProblem, sendProblem } from './problem.ts'
import { StreamServer } from './stream.ts'

export interface ServerOptions {
  readonly client: Torrents
  /** Address or name to listen on. Beyond loopback every request needs the token that `url` carries. */
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** Whether to fail when `port` is taken; otherwise any free one is taken instead. */
  readonly isPortFixed: boolean
  /** Where the built page lies; absent: beside this program. */
  readonly pageDirectory?: string
  /** Told of errors that are ours. */
  readonly onError?: (error: unknown) => void
}

export interface RunningServer {
  /** To open in a browser; ends with `/`, or with the token. */
  readonly url: string
  /** The address of a path that starts with `/`, with the token where one is needed. */
  urlOf(path: string): string
  close(): Promise<void>
}

/** A browser opens six connections to a host, a player three or four. */
const CONNECTIONS_MAX = 256
/** Request lines and headers are small; Node's own limit is this as well. */
const HEADERS_MAX_BYTES = 16 * 1024
/** A player that vanished without a word is found out after about this long. */
const KEEP_ALIVE_PROBE_MS = 60_000

/**
 * Starts to listen; nothing is asked of `client` before a request is.
 *
 * @throws Error named `PortInUse`, `NotAllowed` or `NoSuchAddress`, whose message says what to do.
 */
export async function openServer(options: ServerOptions): Promise<RunningServer> {
  const server = createServer({
    maxHeaderSize: HEADERS_MAX_BYTES,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
  })
  server.maxConnections = CONNECTIONS_MAX
  await listenSomewhere(server, options)
  const { port } = server.address() as AddressInfo
  const guard: GuardOptions = {
    host: options.host,
    port,
    ...(isLoopback(options.host) ? {} : { token: makeToken() }),
  }
  const { events, answer } = makeAnswer(options, guard)
  server.on('request', answer)
  const origin = `http://${hostInUrl(reachable(options.host))}:${port}`
  return {
    url: `${origin}${withToken('/', guard.token)}`,
    urlOf: path => `${origin}${withToken(path, guard.token)}`,
    async close() {
      events.close()
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function makeAnswer(options: ServerOptions, guard: GuardOptions) {
  const { client, onError = () => {} } = options
  const events = new EventHub(client)
  const streams = new StreamServer(client)
  const pageDirectory = options.pageDirectory ?? fileURLToPath(new URL('../web', import.meta.url))
  let app:
    | Promise<(request: IncomingMessage, response: ServerResponse) => Promise<void>>
    | undefined

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = urlOfRequest(request)
    const cookie = admit(request, url, guard)
    if (cookie !== undefined) response.setHeader('set-cookie', cookie)
    if (url.pathname.startsWith('/stream/')) await streams.serve(request, response, url)
    else if (url.pathname === '/api/events') events.serve(request, response)
    else {
      app ??= import('./app.ts').then(({ makeApp }) =>
        makeApp({ client, token: guard.token, onError, pageDirectory }),
      )
      await (await app)(request, response)
    }
  }
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    route(request, response).catch(error => {
      if (!(error instanceof HttpProblem)) onError(error)
      sendProblem(response, error)
    })
  }
  return { events, answer }
}

function urlOfRequest(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://localhost')
  } catch {
    throw new HttpProblem(400, 'wrong-address', 'Open the start page: this address is malformed.')
  }
}

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** What another device may type for a server that listens everywhere: this machine's first address. */
function reachable(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host
  const family = host === '::' ? 'IPv6' : 'IPv4'
  const own = Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .find(one => one.family === family && !one.internal && !one.address.startsWith('fe80'))
  return own?.address ?? (host === '::' ? '::1' : '127.0.0.1')
}

async function listenSomewhere(server: Server, options: ServerOptions): Promise<void> {
  const { host, port, isPortFixed } = options
  try {
    await listen(server, host, port)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EADDRINUSE' && !isPortFixed) return listen(server, host, 0)
    throw listenError({ host, port, code, cause: error })
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function listenError(failure: {
  readonly host: string
  readonly port: number
  readonly code: string | undefined
  readonly cause: unknown
}): Error {
  const { host, port, code, cause } = failure
  const [name, message] =
    code === 'EADDRINUSE'
      ? [
          'PortInUse',
          `Port ${port} is in use: end the other program, or choose another with --http.`,
        ]
      : code === 'EACCES'
        ? ['NotAllowed', `Port ${port} needs more rights: choose one above 1023 with --http.`]
        : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
          ? [
              'NoSuchAddress',
              `This machine has no address "${host}": leave --host out, or correct it.`,
            ]
          : [
              'CannotListen',
              `Cannot listen on "${host}" port ${port} (${code}): try another --http.`,
            ]
  return Object.assign(new Error(message, { cause }), { name })
}
