import { expect, test } from 'vitest'
import { MemoryClient, MemoryTorrent } from '../../test/support/memory-client.ts'
import type { TorrentView } from '../api/index.ts'
import type { AddOptions, Torrent } from '../node/index.ts'
import type { ServerOptions } from '../server/index.ts'
import type { Display } from './display.ts'
import { defaults, type Settings } from './options.ts'
import { problemOf, type RunClientOptions, run } from './run.ts'

const torrentOf = (letter: string) =>
  new MemoryTorrent({
    infohash: letter.repeat(40),
    files: [{ path: 'a.mp4', bytes: new Uint8Array(10) }],
  })

/** Writes down what it is told, one word a call. */
class WrittenDisplay implements Display {
  readonly told: string[] = []
  listening = (url: string) => void this.told.push(`listening ${url}`)
  metadata = () => void this.told.push('metadata')
  peer = () => void this.told.push('peer')
  problem = ({ code, message, isFatal }: Parameters<Display['problem']>[0]) =>
    void this.told.push(`problem ${code} ${isFatal}: ${message}`)
  done = () => void this.told.push('done')
  note = (text: string) => void this.told.push(`note ${text}`)
  progress = () => void this.told.push('progress')
  close = () => void this.told.push('close')
}

class AddingClient extends MemoryClient {
  readonly #listeners = new Set<(torrent: Torrent) => void>()
  readonly addedWith: (AddOptions | undefined)[] = []
  readonly #view: Partial<TorrentView>

  constructor(view: Partial<TorrentView>) {
    super()
    this.#view = view
  }

  override async add(source: string, options?: AddOptions): Promise<Torrent> {
    this.addedWith.push(options)
    if (source === 'slow') return new Promise(() => {})
    if (source === 'bad') throw Object.assign(new Error('Give another.'), { name: 'BadSource' })
    const torrent = torrentOf(source)
    torrent.change(this.#view)
    this.torrents.push(torrent)
    for (const listener of this.#listeners) listener(torrent)
    return torrent
  }

  override onTorrent(listener?: (torrent: Torrent) => void): () => void {
    if (listener !== undefined) this.#listeners.add(listener)
    return () => {}
  }
}

function begin(
  sources: readonly string[],
  changes: Partial<Settings> = {},
  view: Partial<TorrentView> = {},
) {
  const client = new AddingClient(view)
  const display = new WrittenDisplay()
  const stop = new AbortController()
  const opened: { client?: RunClientOptions; server?: ServerOptions; isServerClosed: boolean } = {
    isServerClosed: false,
  }
  const code = run({
    sources,
    settings: { ...defaults, ...changes },
    stop: stop.signal,
    makeDisplay: () => display,
    floors: {
      openClient: async options => {
        opened.client = options
        return client
      },
      openServer: async options => {
        opened.server = options
        return {
          url: 'http://x/',
          urlOf: path => path,
          close: async () => {
            opened.isServerClosed = true
          },
        }
      },
    },
  })
  return { client, display, stop, opened, code }
}

const settled = () => new Promise(resolve => setImmediate(resolve))

test('a run tells its address, then the files, and stops cleanly with 0', async () => {
  const { code, display, stop, client, opened } = begin(['a'])
  await settled()
  stop.abort()
  expect(await code).toBe(0)
  expect(display.told).toEqual([
    'listening http://x/',
    'metadata',
    'progress',
    'note Stopping…',
    'close',
  ])
  expect([client.isClosed, opened.isServerClosed]).toEqual([true, true])
})

test('a stop does not wait for a source that is still being looked at', async () => {
  const { code, stop, client } = begin(['slow', 'a'])
  await settled()
  stop.abort()
  expect([await code, client.isClosed]).toEqual([0, true])
})

test('with --exit the run waits for the sources that are still being looked at', async () => {
  const { code, stop, client } = begin(['slow', 'a'], { exit: true })
  await settled()
  client.torrents[0]!.emit({ type: 'done' })
  const isOver = await Promise.race([code.then(() => true), settled().then(() => false)])
  expect(isOver).toBe(false)
  stop.abort()
  await code
})

test('the settings reach the client and the server', async () => {
  const { code, stop, client, opened } = begin(['a'], {
    connections: 7,
    down: 5,
    bind: '127.0.0.2',
    peer: ['h:1'],
    file: [2],
    http: 0,
  })
  stop.abort()
  await code
  expect(opened.client).toMatchObject({ connections: 7, downLimit: 5, bind: '127.0.0.2' })
  expect(opened.server).toMatchObject({ port: 0, isPortFixed: true })
  expect(client.addedWith).toEqual([{ peers: ['h:1'], files: [2] }])
})

test('a torrent that is done stays open for the viewer until the user stops', async () => {
  const { code, display, stop, client } = begin(['a'])
  await settled()
  client.torrents[0]!.emit({ type: 'done' })
  client.torrents[0]!.emit({ type: 'done' })
  expect(display.told.slice(-2)).toEqual(['progress', 'done'])
  stop.abort()
  expect(await code).toBe(0)
})

test('with --exit the run ends when all are done and nobody watches', async () => {
  const { code, client } = begin(['a', 'b'], { exit: true })
  await settled()
  const [first, second] = client.torrents
  first!.emit({ type: 'done' })
  second!.change({ viewers: [{ file: 0, positionBytes: 0, windowBytes: 1 }] })
  second!.emit({ type: 'done' })
  const isOver = () => Promise.race([code.then(() => true), settled().then(() => false)])
  expect(await isOver()).toBe(false)
  second!.change({ viewers: [] })
  first!.emit({ type: 'problem', code: 'no-peers', message: 'x', isFatal: false })
  expect(await code).toBe(0)
})

test('a fatal problem of the only torrent ends the run with 1', async () => {
  const { code, client, display } = begin(['a'])
  await settled()
  const problem = { code: 'bad-metadata', message: 'Broken.', isFatal: true }
  client.torrents[0]!.emit({ type: 'problem', ...problem })
  expect(await code).toBe(1)
  expect(display.told).toContain('problem bad-metadata true: Broken.')
})

test('a problem that is over is told as good news', async () => {
  const { code, client, display, stop } = begin(['a'])
  await settled()
  const over = { code: 'over', message: 'There is room again.', isFatal: false }
  client.torrents[0]!.emit({ type: 'problem', ...over })
  expect(display.told.at(-1)).toBe('note There is room again.')
  stop.abort()
  await code
})

test('without peers the user is told where they were looked for', async () => {
  const { code, client, display, stop } = begin(['a'], { bootstrap: ['r:1'], peer: ['h:2'] })
  await settled()
  const problem = { code: 'no-peers', message: 'Nobody is there.', isFatal: false }
  client.torrents[0]!.emit({ type: 'problem', ...problem })
  expect(display.told.at(-1)).toBe(
    'problem no-peers false: Nobody is there. Tried: the DHT from r:1, --peer h:2.',
  )
  stop.abort()
  await code
})

test.each<[Partial<Settings>, RegExp]>([
  [{ dht: false, peer: ['h:2'] }, /no others are sought: check --peer h:2, or leave out --no-dht/],
  [
    { dht: false, share: { kind: 'full', ratio: 1 } },
    /wait for one to come, or leave out --no-dht/,
  ],
])('without the DHT the user is not told that the search goes on: %j', async (changes, message) => {
  const { code, client, display, stop } = begin(['a'], changes)
  await settled()
  const problem = { code: 'no-peers', message: 'The search goes on.', isFatal: false }
  client.torrents[0]!.emit({ type: 'problem', ...problem })
  expect(display.told.at(-1)).toMatch(message)
  expect(display.told.at(-1)).not.toMatch(/search goes on/)
  stop.abort()
  await code
})

test('with nobody to ask and nothing on disk the run fails at once, and says what to do', async () => {
  const { code, display } = begin(['a', 'b'], { dht: false }, { verifiedBytes: 0 })
  expect(await code).toBe(1)
  const problems = display.told.filter(line => line.startsWith('problem'))
  expect(problems).toHaveLength(2)
  expect(problems[0]).toMatch(/^problem no-peers true: Nobody can be asked for peers: leave out/)
})

test('with nobody to ask what is on disk can be watched, but --exit does not wait for the rest', async () => {
  const watching = begin(['a'], { dht: false }, { verifiedBytes: 5 })
  await settled()
  expect(watching.display.told.join()).toMatch(/problem no-peers false: Nobody can be asked/)
  watching.stop.abort()
  expect(await watching.code).toBe(0)
  expect(await begin(['a'], { dht: false, exit: true }, { verifiedBytes: 5 }).code).toBe(1)
})

test('a torrent that is still checked, done, or brings its own peers is not without hope', async () => {
  for (const change of [{ state: 'checking' }, { state: 'done' }, { peersKnown: 1 }] as const) {
    const view = { verifiedBytes: 0, ...change }
    const { code, display, stop } = begin(['a'], { dht: false }, view)
    await settled()
    expect(display.told.join()).not.toMatch(/problem/)
    stop.abort()
    expect(await code).toBe(0)
  }
})

test('when one of two sources is bad the other goes on, and the exit code tells', async () => {
  const { code, client, display } = begin(['bad', 'a'], { exit: true })
  await settled()
  expect(display.told).toContain('problem bad-source false: Give another.')
  client.torrents[0]!.emit({ type: 'done' })
  expect(await code).toBe(1)
})

test.each([false, true])(
  'when every source is bad the run fails with the reason and leaves nothing open (--exit %s)',
  async exit => {
    const { code, client, opened } = begin(['bad'], { exit })
    await expect(code).rejects.toThrow('Give another.')
    expect([client.isClosed, opened.isServerClosed]).toEqual([true, true])
  },
)

test('with --remove the files go at the end, after a stop too', async () => {
  const { code, client, stop } = begin(['a'], { remove: true })
  await settled()
  const [torrent] = client.torrents
  stop.abort()
  await code
  expect(torrent!.removed).toEqual({ deleteFiles: true })
})

test('an error with a name of ours is told as it is, another as a fault of the program', () => {
  const known = Object.assign(new Error('Port 1 is in use.'), { name: 'PortInUse' })
  expect(problemOf(known, false)).toEqual({ code: 'port-in-use', message: 'Port 1 is in use.' })
  expect(problemOf(new TypeError('x'), false).code).toBe('internal-error')
})
