// Everything but the streams and the events: the interface for the page and for scripts, playlists, subtitles and the
// page itself. Loaded with the first request for it, so that it costs the first byte of a video nothing.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { paths } from '../api/index.ts'
import type { Torrent } from '../node/index.ts'
import { fileOf, type Torrents, torrentOf } from './find.ts'
import { loadPage } from './page.ts'
import { oneLine, PLAYLIST_MIME, playlistOf } from './playlist.ts'
import { HttpProblem, PROBLEM_MIME, problemDetails, problemOf } from './problem.ts'
import { SUBTITLES_MAX_BYTES, toWebVtt } from './subtitles.ts'

/** A .torrent of 10 MiB in Base64, with its envelope. */
export const BODY_MAX_BYTES = 14 * 1024 * 1024

export interface AppOptions {
  readonly client: Torrents
  readonly pageDirectory: string
  /** Goes into the addresses of playlists, for players keep no cookies. */
  readonly token: string | undefined
  readonly onError: (error: unknown) => void
}

type Environment = { Bindings: HttpBindings }
type Asked = Context<Environment>
type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export function makeApp(options: AppOptions): Listener {
  const app = new Hono<Environment>()
  app.use('/api/*', async (context, next) => {
    await next()
    context.header('cache-control', 'no-store')
    context.header('x-content-type-options', 'nosniff')
    context.header('cross-origin-resource-policy', 'same-origin')
  })
  addTorrentRoutes(app, options)
  addMediaRoutes(app, options)
  addPage(app, options.pageDirectory)
  app.notFound(() => answerProblem(notFound()))
  app.onError(error => {
    if (!(error instanceof HttpProblem)) options.onError(error)
    return answerProblem(error)
  })
  return getRequestListener(app.fetch, { overrideGlobalObjects: false })
}

function addTorrentRoutes(app: Hono<Environment>, { client }: AppOptions): void {
  const infohash = ':infohash{[0-9a-fA-F]{40}}'
  const find = (context: Asked): Torrent => torrentOf(client, context.req.param('infohash') ?? '')
  app.get(paths.torrents, context => context.json(client.torrents.map(torrent => torrent.view())))
  app.get(paths.torrent(infohash), context => context.json(find(context).view()))
  app.get(paths.pieces(infohash), context => context.json(find(context).pieces()))

  const limited = bodyLimit({ maxSize: BODY_MAX_BYTES, onError: tooLarge })
  app.post(paths.torrents, limited, async context => {
    const { checkAdd, sourceOf } = await import('./bodies.ts')
    const torrent = await client.add(sourceOf(checkAdd(await bodyOf(context)))).catch(badSource)
    return context.json(torrent.view(), 201)
  })
  app.delete(paths.torrent(infohash), limited, async context => {
    const torrent = find(context)
    const { checkRemove } = await import('./bodies.ts')
    await torrent.remove(checkRemove(await bodyOf(context)))
    return context.body(null, 204)
  })
  app.post(paths.select(infohash), limited, async context => {
    const torrent = find(context)
    const { checkSelect } = await import('./bodies.ts')
    const { files } = checkSelect(await bodyOf(context))
    const count = torrent.view().files.length
    if (files.some(file => file >= count))
      throw new HttpProblem(400, 'unknown-file', `Choose files below ${count}.`)
    torrent.select(files)
    return context.json(torrent.view())
  })
}

function addMediaRoutes(app: Hono<Environment>, { client, token }: AppOptions): void {
  app.get('/playlist/:file{[0-9a-fA-F]{40}\\.m3u8}', context => {
    const view = torrentOf(client, stem(context.req.param('file'))).view()
    const text = playlistOf(view, `http://${context.req.header('host')}`, token)
    if (text === '')
      throw new HttpProblem(
        404,
        'nothing-to-play',
        'Open the files: none of them is video or audio.',
      )
    const name = encodeURIComponent(oneLine(view.name ?? view.infohash).replaceAll(/[/\\]/g, '_'))
    context.header('content-disposition', `attachment; filename*=UTF-8''${name}.m3u8`)
    context.header('cache-control', 'no-store')
    return context.body(text, 200, { 'content-type': PLAYLIST_MIME })
  })
  app.get('/subtitles/:infohash/:file{\\d{1,9}\\.vtt}', async context => {
    const torrent = torrentOf(client, context.req.param('infohash'))
    const text = toWebVtt(await wholeFile(context, torrent, stem(context.req.param('file'))))
    context.header('cache-control', 'private, max-age=3600')
    context.header('x-content-type-options', 'nosniff')
    return context.body(text, 200, { 'content-type': 'text/vtt; charset=utf-8' })
  })
}

const stem = (name: string): string => name.slice(0, name.lastIndexOf('.'))

function addPage(app: Hono<Environment>, directory: string): void {
  let page: ReturnType<typeof loadPage> | undefined
  app.get('*', async context => {
    page ??= loadPage(directory)
    const files = await page
    if (files.size === 0)
      throw new HttpProblem(404, 'no-page', 'Build the page with "npm run build", or use a player.')
    const file = files.get(context.req.path)
    if (file === undefined) throw notFound()
    const headers = { ...file.headers, etag: file.etag }
    if (context.req.header('if-none-match') === file.etag) return context.body(null, 304, headers)
    return context.body(file.body, 200, headers)
  })
}

const notFound = (): HttpProblem =>
  new HttpProblem(404, 'not-found', 'Open the start page: there is nothing at this address.')

function answerProblem(error: unknown): Response {
  const problem = problemOf(error)
  return new Response(JSON.stringify(problemDetails(problem)), {
    status: problem.status,
    headers: { 'content-type': PROBLEM_MIME, 'cache-control': 'no-store' },
  })
}

function tooLarge(): never {
  throw new HttpProblem(413, 'too-large', `Send at most ${BODY_MAX_BYTES} bytes.`)
}

/** A form of another site cannot have this type without asking first, and we never say yes. */
async function bodyOf(context: Asked): Promise<unknown> {
  if (!/^application\/json\b/i.test(context.req.header('content-type') ?? ''))
    throw new HttpProblem(415, 'not-json', 'Send JSON with content-type: application/json.')
  try {
    return await context.req.json()
  } catch (error) {
    if (error instanceof HttpProblem) throw error
    throw new HttpProblem(400, 'not-json', 'Send valid JSON.')
  }
}

function badSource(error: unknown): never {
  if (error instanceof Error && error.name === 'BadSource')
    throw new HttpProblem(400, 'bad-source', error.message)
  throw error
}

async function wholeFile(context: Asked, torrent: Torrent, index: string): Promise<Uint8Array> {
  const gone = new AbortController()
  const { outgoing } = context.env
  outgoing.once('close', () => gone.abort())
  const file = await fileOf(torrent, index, gone.signal)
  if (file.kind !== 'subtitle' || file.bytes > SUBTITLES_MAX_BYTES)
    throw new HttpProblem(404, 'no-subtitles', 'Choose a subtitle file of at most 4 MiB.')
  const chunks: Uint8Array[] = []
  const range = { file: file.index, begin: 0, end: file.bytes, signal: gone.signal }
  const viewer = `subtitles/${file.index}`
  for await (const chunk of torrent.read({ ...range, viewer })) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}
