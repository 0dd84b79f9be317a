// The one file that speaks to the server: requests, the event stream and its return after a loss.
import {
  type AddRequest,
  type PiecesView,
  type ProblemDetails,
  paths,
  type RemoveRequest,
  type SelectRequest,
  type ServerEvent,
  type TorrentView,
} from '../../src/api/index.ts'

/** The server's own sentence about what went wrong and what to do. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
}

export const UNREACHABLE =
  'torrent-live does not answer. Start it again: this page comes back by itself.'

async function request(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, init)
  } catch (cause) {
    throw new ServerError(UNREACHABLE, { cause })
  }
  if (!response.ok) throw new ServerError(await sentenceOf(response))
  return response
}

async function sentenceOf(response: Response): Promise<string> {
  const type = response.headers.get('content-type') ?? ''
  if (type.includes('json')) {
    const problem = (await response.json().catch(() => null)) as Partial<ProblemDetails> | null
    const text = problem?.detail ?? problem?.title
    if (text !== undefined) return text
  }
  if (response.status === 401 || response.status === 403) {
    return 'The address of this page lacks its token: open the link that torrent-live printed.'
  }
  return `The server answered ${response.status}.`
}

const post = (path: string, body: AddRequest | SelectRequest | RemoveRequest, method = 'POST') =>
  request(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

export const fetchTorrents = async (): Promise<TorrentView[]> =>
  (await (await request(paths.torrents)).json()) as TorrentView[]

export const fetchPieces = async (infohash: string): Promise<PiecesView> =>
  (await (await request(paths.pieces(infohash))).json()) as PiecesView

export const addTorrent = async (source: string): Promise<TorrentView> =>
  (await (await post(paths.torrents, { source })).json()) as TorrentView

export async function selectFiles(infohash: string, files: readonly number[]): Promise<void> {
  await post(paths.select(infohash), { files })
}

export async function removeTorrent(infohash: string, deleteFiles: boolean): Promise<void> {
  await post(paths.torrent(infohash), { deleteFiles }, 'DELETE')
}

/** Throws a `ServerError` with the reason when the stream of a file would not be given. */
export async function probeStream(url: string): Promise<void> {
  await request(url, { method: 'HEAD' })
}

const RETRY_FIRST_MS = 500
const RETRY_LAST_MS = 4000

export interface EventHandlers {
  readonly onOpen: () => void
  readonly onEvent: (event: ServerEvent) => void
  readonly onLost: () => void
}

/**
 * Listens for as long as the page lives and is looked at: browsers open six connections to a server
 * for all their tabs together, and a hidden tab must not keep one from the film. A stream that ends
 * for whatever reason is opened anew after 0.5 s, 1 s, … 4 s, or at once when the page is looked at
 * again or the network returns.
 *
 * @returns the function that ends it.
 */
export function listen(handlers: EventHandlers): () => void {
  let source: EventSource | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let delayMs = RETRY_FIRST_MS
  const close = (): void => {
    clearTimeout(timer)
    source?.close()
    source = null
  }
  const open = (): void => {
    close()
    const opened = new EventSource(paths.events)
    source = opened
    opened.onopen = () => {
      delayMs = RETRY_FIRST_MS
      handlers.onOpen()
    }
    opened.onmessage = message => handlers.onEvent(JSON.parse(message.data as string))
    opened.onerror = () => {
      close()
      handlers.onLost()
      timer = setTimeout(open, delayMs)
      delayMs = Math.min(RETRY_LAST_MS, delayMs * 2)
    }
  }
  const look = (): void => {
    if (document.hidden) close()
    else if (source === null) open()
  }
  document.addEventListener('visibilitychange', look)
  window.addEventListener('online', look)
  look()
  return () => {
    document.removeEventListener('visibilitychange', look)
    window.removeEventListener('online', look)
    close()
  }
}
