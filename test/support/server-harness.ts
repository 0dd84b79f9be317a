// A server on a memory client, its page directory, and a way to ask it that may set any header.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openServer, type RunningServer } from '../../src/server/index.ts'
import { MemoryClient, MemoryTorrent } from './memory-client.ts'

export const INFOHASH = 'a'.repeat(40)
export const FILM = `/stream/${INFOHASH}/0/film.mp4`
export const FILM_BYTES = Uint8Array.from({ length: 1_000_000 }, (_, index) => (index * 7) % 251)
const SUBTITLES = Buffer.from('1\r\n00:00:01,5 --> 00:00:02,000\r\nOne, two\r\n')

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Question {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/** The sentence of a problem. */
export const detailOf = (answer: Answer): string => JSON.parse(answer.body.toString()).detail

export class ServerHarness {
  readonly directory: string
  readonly torrent: MemoryTorrent
  readonly client: MemoryClient
  server!: RunningServer

  private constructor(directory: string) {
    this.directory = directory
    this.torrent = new MemoryTorrent({
      infohash: INFOHASH,
      files: [
        { path: 'Film/film.mp4', bytes: FILM_BYTES },
        { path: 'Film/film.en.srt', bytes: SUBTITLES },
        { path: 'Film/evil.html', bytes: Buffer.from('<script>1</script>') },
        { path: 'Film/empty.mkv', bytes: new Uint8Array(0) },
      ],
    })
    this.client = new MemoryClient(this.torrent)
  }

  static async open(): Promise<ServerHarness> {
    const directory = await mkdtemp(join(tmpdir(), 'server-test-'))
    await mkdir(join(directory, 'web', 'assets'), { recursive: true })
    await writeFile(join(directory, 'web', 'index.html'), '<title>torrent-live</title>')
    await writeFile(join(directory, 'web', 'assets', 'app-1.js'), 'let a')
    await writeFile(join(directory, 'secret'), 'secret')
    const harness = new ServerHarness(directory)
    await harness.listen('127.0.0.1')
    return harness
  }

  /** Starts to listen, again where it did before. */
  async listen(host: string): Promise<void> {
    await this.server?.close()
    const pageDirectory = join(this.directory, 'web')
    const options = { client: this.client, host, port: 0, isPortFixed: true, pageDirectory }
    this.server = await openServer(options)
  }

  get port(): number {
    return Number(new URL(this.server.url).port)
  }

  async close(): Promise<void> {
    await this.server.close()
    await rm(this.directory, { recursive: true })
  }

  /** `fetch` may set neither `Host` nor `Origin` nor `Sec-Fetch-*`. */
  ask(path: string, { body, ...rest }: Question = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const url = new URL(path, this.server.url)
      const request = httpRequest(url, { ...rest, agent: false }, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        )
      })
      request.on('error', reject)
      request.end(body)
    })
  }
}
