// `/stream/<infohash>/<file>/<name>`: verified bytes of one file, as the player can take them. On the path to the
// first byte, so on plain `node:http`; a full socket stops the reader, a closed one withdraws its window.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { FileView } from '../api/index.ts'
import type { Torrent } from '../node/index.ts'
import { dlnaHeaders } from './dlna.ts'
import { fileOf, type Torrents, torrentOf } from './find.ts'
import { HttpProblem } from './problem.ts'
import { type ByteRange, parseRange } from './range.ts'
import { viewerOf } from './viewer.ts'

/** Answers at once over this many streams are far more than the viewers of one machine. */
export const STREAMS_MAX = 64

/** What a torrent brings must never act on our origin: no script, no frame, no guess at the type, no use by other sites. */
const SAFE_HEADERS: OutgoingHttpHeaders = {
  'content-security-policy': "sandbox; default-src 'none'; media-src 'self'; img-src 'self'",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
}

/** Serves the streams of one server and counts them. */
export class StreamServer {
  readonly #client: Torrents
  #open = 0

  constructor(client: Torrents) {
    this.#client = client
  }

  /** @throws HttpProblem before the answer has begun. */
  async serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new HttpProblem(405, 'method', 'Use GET or HEAD here.', { allow: 'GET, HEAD' })
    if (this.#open >= STREAMS_MAX)
      throw new HttpProblem(503, 'too-many-streams', 'Close a player and try again.', {
        'retry-after': '5',
      })
    this.#open += 1
    const gone = new AbortController()
    const leave = () => gone.abort()
    response.once('close', leave)
    try {
      await this.#answer(request, response, { url, signal: gone.signal })
    } catch (error) {
      // The player left: nobody is there to read about it.
      if (!gone.signal.aborted) throw error
    } finally {
      response.off('close', leave)
      this.#open -= 1
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    { url, signal }: { readonly url: URL; readonly signal: AbortSignal },
  ): Promise<void> {
    const [, , infohash = '', index = ''] = url.pathname.split('/')
    const torrent = torrentOf(this.#client, infohash)
    const file = await fileOf(torrent, index, signal)
    const { status, headers, range } = plan(request, torrent, file)
    response.strictContentLength = true
    response.writeHead(status, { ...SAFE_HEADERS, ...headers })
    if (request.method === 'HEAD' || range === null || range.begin === range.end) {
      response.end()
      return
    }
    // Size and type go ahead of the first byte, so that a player waits instead of giving up.
    response.flushHeaders()
    const viewer = viewerOf(request, url, `${torrent.infohash}/${file.index}`)
    await pipeline(torrent.read({ file: file.index, ...range, viewer, signal }), response)
  }
}

interface Plan {
  readonly status: 200 | 206 | 304
  readonly headers: OutgoingHttpHeaders
  /** `null`: no body. */
  readonly range: ByteRange | null
}

function plan({ headers: asked }: IncomingMessage, torrent: Torrent, file: FileView): Plan {
  // The infohash vouches for every byte, so the tag is strong and never changes.
  const etag = `"${torrent.infohash}-${file.index}"`
  const common: OutgoingHttpHeaders = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    ...dlnaHeaders(asked, file.kind),
  }
  if (isListed(asked['if-none-match'] ?? '', etag))
    return { status: 304, headers: common, range: null }
  const condition = asked['if-range']
  const isCurrent = condition === undefined || condition === etag
  const range = isCurrent ? parseRange(asked.range, file.bytes) : ({ kind: 'whole' } as const)
  if (range.kind === 'unsatisfiable')
    throw new HttpProblem(416, 'range', `Ask for bytes below ${file.bytes}: the file ends there.`, {
      'content-range': `bytes */${file.bytes}`,
      'accept-ranges': 'bytes',
    })
  const { begin, end } = range.kind === 'part' ? range : { begin: 0, end: file.bytes }
  const headers: OutgoingHttpHeaders = {
    ...common,
    'content-type': file.mime,
    'content-length': end - begin,
  }
  if (range.kind === 'whole') return { status: 200, headers, range: { begin, end } }
  headers['content-range'] = `bytes ${begin}-${end - 1}/${file.bytes}`
  return { status: 206, headers, range: { begin, end } }
}

const isListed = (header: string, etag: string): boolean =>
  header.split(',').some(one => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)
