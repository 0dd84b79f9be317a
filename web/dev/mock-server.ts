// A torrent that is not one: the interface of `src/api` played from a clip on the disk, for looking at
// the page while nothing else runs. `npm run dev -w web`, with `CLIP=/path/to/clip.mp4`, and
// `?scene=` in the address: film, finding, metadata, series, many, unplayable, problem, audio, empty.
import { createReadStream, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plugin } from 'vite'
import { type Scene, sceneOf } from './scenes.ts'

const clip = process.env.CLIP ?? ''
let scene: Scene = sceneOf('film', clip)

export function mockServer(): Plugin {
  return {
    name: 'mock-server',
    configureServer: server => {
      server.middlewares.use(handle)
    },
    configurePreviewServer: server => {
      server.middlewares.use((_request, response, next) => {
        response.setHeader('content-security-policy', "default-src 'self'")
        next()
      })
      server.middlewares.use(handle)
    },
  }
}

function handle(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const url = new URL(request.url ?? '/', 'http://mock')
  const wanted = url.searchParams.get('scene')
  if (wanted !== null) scene = sceneOf(wanted, clip)
  if (url.pathname === '/api/events') events(response)
  else if (url.pathname.startsWith('/api/torrents')) api(request, url, response)
  else if (url.pathname.startsWith('/stream/')) stream(request, response)
  else if (url.pathname.startsWith('/subtitles/')) {
    response.setHeader('content-type', 'text/vtt')
    response.end(
      'WEBVTT\n\n00:00.000 --> 00:20.000\n<i>The sun is up.</i>\n\n00:20.000 --> 00:50.000\nIt is day.\n',
    )
  } else next()
}

function events(response: ServerResponse): void {
  response.setHeader('content-type', 'text/event-stream')
  response.write(': hello\n\n')
  const timer = setInterval(() => {
    scene.tick()
    for (const torrent of scene.torrents) {
      response.write(`data: ${JSON.stringify({ type: 'torrent', torrent })}\n\n`)
      const pieces = scene.pieces(torrent.infohash)
      response.write(
        `data: ${JSON.stringify({ type: 'pieces', infohash: torrent.infohash, pieces })}\n\n`,
      )
    }
  }, 1000)
  response.on('close', () => clearInterval(timer))
}

function api(request: IncomingMessage, url: URL, response: ServerResponse): void {
  response.setHeader('content-type', 'application/json')
  const infohash = url.pathname.split('/')[3] ?? ''
  if (request.method === 'POST' && infohash === '') {
    scene = sceneOf('film', clip)
    response.statusCode = 201
    response.end(JSON.stringify(scene.torrents[0]))
  } else if (request.method === 'DELETE') {
    scene = sceneOf('empty', clip)
    response.statusCode = 204
    response.end()
  } else if (url.pathname.endsWith('/pieces')) {
    response.end(JSON.stringify(scene.pieces(infohash)))
  } else {
    response.end(JSON.stringify(infohash === '' ? scene.torrents : scene.torrents[0]))
  }
}

function stream(request: IncomingMessage, response: ServerResponse): void {
  const size = statSync(clip).size
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const begin = Number(match?.[1] ?? 0)
  const end = match?.[2] ? Number(match[2]) : size - 1
  response.statusCode = match === null ? 200 : 206
  response.setHeader('content-type', 'video/mp4')
  response.setHeader('accept-ranges', 'bytes')
  response.setHeader('content-length', end - begin + 1)
  if (match !== null) response.setHeader('content-range', `bytes ${begin}-${end}/${size}`)
  if (request.method === 'HEAD' || scene.isStalled) {
    if (request.method === 'HEAD') response.end()
    return
  }
  createReadStream(clip, { start: begin, end }).pipe(response)
}
