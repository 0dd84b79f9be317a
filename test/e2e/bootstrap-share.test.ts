// Servers that share nodes through a real redis-server, which comes and goes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Address } from '../../src/core/bytes/index.ts'
import { type BootstrapService, openBootstrapService } from '../../src/node/bootstrap/service.ts'
import { loopback, namedBy, openVerified, Visitor } from './bootstrap-visitor.ts'
import { freePort } from './peers/program.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bootstrap-share-'))
})
afterAll(() => rm(folder, { recursive: true }))

class Redis implements AsyncDisposable {
  readonly port: number
  readonly #process: ChildProcess

  private constructor(process: ChildProcess, port: number) {
    this.#process = process
    this.port = port
  }

  /** @throws Error where redis-server is not installed: a missing program is a failure, not a skip. */
  static async open(port?: number): Promise<Redis> {
    const chosen = port ?? (await freePort())
    const words = ['--port', `${chosen}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder]
    const child = spawn('redis-server', words, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child, 'spawn')
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      if (/ready to accept connections/i.test(line)) break
    }
    child.stdout?.resume()
    return new Redis(child, chosen)
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await ended
  }
}

/** Sentences as they come, to be waited for. */
class Notices {
  readonly heard: string[] = []
  #onNews: () => void = () => undefined

  readonly hear = (sentence: string): void => {
    this.heard.push(sentence)
    this.#onNews()
  }

  async until(pattern: RegExp): Promise<void> {
    while (!this.heard.some(sentence => pattern.test(sentence))) {
      await new Promise<void>(resolve => {
        this.#onNews = resolve
      })
    }
  }
}

const openServer = (shareNodes: string, notices = new Notices()): Promise<BootstrapService> =>
  openBootstrapService({
    listen: [{ ip: Uint8Array.of(127, 0, 0, 1), port: 0 }],
    isPrivateAllowed: true,
    probationMs: 50,
    visitors: { ratePerSecond: 100, burst: 10_000, slots: 1024 },
    shareNodes,
    onNotice: notices.hear,
  })

const addressOf = (server: BootstrapService): Address => server.addresses[0] as Address

test('a fresh instance names within a second whom another has verified', async () => {
  await using redis = await Redis.open()
  await using first = await openServer(redis.url)
  const known = await openVerified(addressOf(first), [1, 2, 3])
  await using visitor = await Visitor.open(loopback(9))
  await namedBy(addressOf(first), visitor, 3)
  // The first tells of its nodes in bunches, so an instance that is there already hears of them a little later.
  await using follower = await openServer(redis.url)
  expect((await namedBy(addressOf(follower), visitor, 3)).length).toBe(3)
  const startedMs = performance.now()
  await using fresh = await openServer(redis.url)
  expect((await visitor.nodesFrom(addressOf(fresh))).length).toBe(3)
  expect(performance.now() - startedMs).toBeLessThan(1000)
  expect(fresh.report()).toMatchObject({ sharing: 'on', sharedNodesTaken: 3 })
  for (const one of known) await one[Symbol.asyncDispose]()
})

test('without the store a server goes on alone and says so once; when it is back they share again', async () => {
  const redis = await Redis.open()
  const notices = new Notices()
  await using first = await openServer(redis.url, notices)
  await redis[Symbol.asyncDispose]()
  await notices.until(/is away .*going on alone/)
  expect(first.report().sharing).toBe('away')
  const known = await openVerified(addressOf(first), [1])
  await using visitor = await Visitor.open(loopback(9))
  expect((await namedBy(addressOf(first), visitor, 1)).length).toBe(1)
  await using again = await Redis.open(redis.port)
  await notices.until(/^Shares nodes[\s\S]*/)
  await using second = await openServer(again.url)
  while (first.report().sharing !== 'on') await visitor.nodesFrom(addressOf(first))
  const more = await openVerified(addressOf(first), [2])
  expect((await namedBy(addressOf(second), visitor, 1)).length).toBe(1)
  expect(notices.heard.filter(sentence => /is away/.test(sentence)).length).toBe(1)
  for (const one of [...known, ...more]) await one[Symbol.asyncDispose]()
})

test('a server starts and serves where the store was never there', async () => {
  const notices = new Notices()
  await using server = await openServer(`redis://127.0.0.1:${await freePort()}`, notices)
  expect(notices.heard).toEqual([expect.stringMatching(/is away .*going on alone\.$/)])
  const known = await openVerified(addressOf(server), [1])
  await using visitor = await Visitor.open(loopback(9))
  expect((await namedBy(addressOf(server), visitor, 1)).length).toBe(1)
  for (const one of known) await one[Symbol.asyncDispose]()
})
