// The built command: served, watched, reloaded, stopped, killed, and replaced under load.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Address, formatIp, parseAddress } from '../../src/core/bytes/index.ts'
import { loopback, namedBy, openVerified, Visitor } from './bootstrap-visitor.ts'
import { Command } from './command.ts'
import { freePort } from './peers/program.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bootstrap-command-'))
})
afterAll(() => rm(folder, { recursive: true }))

const QUICK = ['--allow-private', '--probation', '50ms', '--rate', '100', '--burst', '10000']

/** Starts the command and waits until it serves. */
async function serve(words: readonly string[]): Promise<{ command: Command; address: Address }> {
  const command = new Command({ words: ['bootstrap', ...words], home: folder })
  const text = await heard(command, /^Serving on (\S+)\.$/)
  return { command, address: parseAddress(text) as Address }
}

/** The first group of the first line that fits, when it has come. */
async function heard(command: Command, pattern: RegExp): Promise<string> {
  for (;;) {
    const match = command.lines.map(line => pattern.exec(line)).find(found => found !== null)
    if (match !== undefined) return match?.[1] ?? ''
    const { exitCode, signalCode } = command.process
    if (exitCode !== null || signalCode !== null) throw new Error(`ended: ${command.errors}`)
    await Promise.race([once(command.process.stdout!, 'data'), once(command.process, 'close')])
  }
}

test('metrics and health are served for monitors', async () => {
  const port = await freePort()
  const words = ['--listen', '127.0.0.1:0', '--metrics', `127.0.0.1:${port}`, ...QUICK]
  const { command, address } = await serve([...words, '--state-directory', `${folder}/metrics`])
  const known = await openVerified(address, [1, 2])
  await using visitor = await Visitor.open(loopback(9))
  await namedBy(address, visitor, 2)
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  expect(page).toContain('torrent_live_bootstrap_nodes{family="ip4"} 2\n')
  expect(page).toContain('torrent_live_bootstrap_pongs_total{fate="added"} 2\n')
  expect(page).toContain('# TYPE torrent_live_bootstrap_hand_out_age_seconds histogram\n')
  const health = await fetch(`http://127.0.0.1:${port}/healthz`)
  expect([health.status, await health.text()]).toEqual([200, 'ok\n'])
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
  command.process.kill('SIGTERM')
  expect(await command.end()).toBe(0)
  for (const one of known) await one[Symbol.asyncDispose]()
})

test('SIGHUP reads the file again; a file with a mistake changes nothing', async () => {
  const config = path.join(folder, 'bootstrap.json')
  const settings = { listen: ['127.0.0.1:0'], probation: '50ms', stateDirectory: `${folder}/hup` }
  await writeFile(config, JSON.stringify(settings))
  const { command, address } = await serve(['--config', config])
  await using visitor = await Visitor.open(loopback(1))
  // Without the permission a query from loopback is dropped: nothing comes back, whatever the time.
  void visitor.ask(address)
  await writeFile(config, '{ "allowPrivate": "yes" }')
  command.process.kill('SIGHUP')
  await heard(command, /(The configuration stays as it was)/)
  await writeFile(config, JSON.stringify({ ...settings, allowPrivate: true }))
  command.process.kill('SIGHUP')
  await heard(command, /(The configuration was read again)/)
  expect(await visitor.ask(address)).toMatchObject({ kind: 'response' })
  command.process.kill('SIGTERM')
  expect(await command.end()).toBe(0)
})

test.each([
  [['--listen', '6881'], /--listen wants/],
  [['--answer', '99'], /--answer wants a number from 1 to 32/],
  [['--probation', 'soon'], /--probation wants a time/],
  [['--metrics', 'here'], /--metrics wants an address/],
  [['--nonsense'], /unknown option '--nonsense'/],
])('%s is told of in a sentence, and the exit code is 2', async (words, message) => {
  const command = new Command({ words: ['bootstrap', ...words], home: folder })
  expect(await command.end()).toBe(2)
  expect(command.errors).toMatch(message)
})

test('after SIGTERM and after SIGKILL of a saved server the next one names its nodes at once', async () => {
  const words = ['--listen', '127.0.0.1:0', '--state-directory', `${folder}/stop`, ...QUICK]
  const first = await serve(words)
  const known = await openVerified(first.address, [1, 2, 3])
  await using visitor = await Visitor.open(loopback(9))
  await namedBy(first.address, visitor, 3)
  first.command.process.kill('SIGTERM')
  expect(await first.command.end()).toBe(0)
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const next = await serve(words)
    expect((await visitor.nodesFrom(next.address)).length).toBe(3)
    next.command.process.kill(signal)
    await next.command.end()
  }
  for (const one of known) await one[Symbol.asyncDispose]()
})

test('what several processes knew is known to the one that comes after them', async () => {
  const port = await freePort()
  const words = ['--listen', `127.0.0.1:${port}`, '--state-directory', `${folder}/fewer`, ...QUICK]
  const many = await serve([...words, '--processes', '3'])
  const known = await openVerified(many.address, [1, 2, 3, 4, 5, 6])
  many.command.process.kill('SIGTERM')
  expect(await many.command.end()).toBe(0)
  await using visitor = await Visitor.open(loopback(9))
  for (let run = 0; run < 2; run++) {
    const one = await serve(words)
    expect((await visitor.nodesFrom(one.address)).length).toBe(6)
    one.command.process.kill('SIGTERM')
    expect(await one.command.end()).toBe(0)
  }
  for (const one of known) await one[Symbol.asyncDispose]()
})

/** Sends queries at a steady rate and counts what comes back. */
class Load {
  sent = 0
  answered = 0
  readonly #address: Address
  readonly #perSecond: number
  readonly #sockets: readonly Socket[]
  #timer: NodeJS.Timeout | undefined
  #onAnswer: () => void = () => undefined

  constructor(address: Address, perSecond: number) {
    this.#address = address
    this.#perSecond = perSecond
    this.#sockets = Array.from({ length: 64 }, (_, index) => {
      const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 })
      socket.bind(0, formatIp(Uint8Array.of(127, 10, index, 1)))
      socket.on('message', () => {
        this.answered++
        this.#onAnswer()
      })
      return socket
    })
  }

  async start(): Promise<void> {
    await Promise.all(this.#sockets.map(socket => once(socket, 'listening')))
    const startMs = performance.now()
    const { port, ip } = this.#address
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startMs) * this.#perSecond) / 1000
      while (this.sent < due) {
        this.#sockets[this.sent % 64]?.send(PING, port, formatIp(ip))
        this.sent++
      }
    }, 1)
  }

  /** Stops sending and waits until every query is answered: where one is lost, the test runs out of time. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    while (this.answered < this.sent) {
      await new Promise<void>(resolve => {
        this.#onAnswer = resolve
      })
    }
    for (const socket of this.#sockets) socket.close()
  }
}

const PING = Buffer.from(`d1:ad2:id20:${'i'.repeat(20)}e1:q4:ping1:t2:aa1:y1:qe`, 'latin1')

test.each([
  [1, 1],
  [2, 2],
])(
  'a server of %i process(es) is replaced by one of %i under load, and no datagram is lost',
  async (old, successor) => {
    const port = await freePort()
    const stateDirectory = `${folder}/hand-over-${old}`
    const words = (processes: number) => [
      ...['--listen', `127.0.0.1:${port}`, '--state-directory', stateDirectory],
      ...['--processes', `${processes}`, '--allow-private', '--rate', '100', '--burst', '10000'],
    ]
    const first = await serve(words(old))
    const load = new Load(first.address, 4000)
    await load.start()
    const second = await serve([...words(successor), '--take-over'])
    expect(second.command.lines).toContain('Took the place of the server that ran before.')
    expect(await first.command.end()).toBe(0)
    expect(first.command.lines).toContain('Another server has taken over.')
    await load.stop()
    expect(load.sent).toBeGreaterThan(1000)
    expect(load.answered).toBe(load.sent)
    // The successor can be replaced in its turn.
    const third = await serve([...words(old), '--take-over'])
    expect(await second.command.end()).toBe(0)
    await using visitor = await Visitor.open(loopback(1))
    expect(await visitor.ask(third.address)).toMatchObject({ kind: 'response' })
    third.command.process.kill('SIGTERM')
    expect(await third.command.end()).toBe(0)
  },
)

test('a worker that is killed is replaced, and all sources are served again', async () => {
  const words = ['--listen', `127.0.0.1:${await freePort()}`, '--processes', '2', ...QUICK]
  const { command, address } = await serve([...words, '--state-directory', `${folder}/worker`])
  const { pid } = command.process
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const workers = children.trim().split(' ').map(Number)
  expect(workers.length).toBe(2)
  process.kill(workers[0] as number, 'SIGKILL')
  await heard(command, /^(Worker 0 ended; another takes its place\.)$/)
  await heard(command, /^(Worker 0 serves again\.)$/)
  for (let number = 1; number <= 16; number++) {
    await using visitor = await Visitor.open(loopback(number))
    expect(await visitor.ask(address)).toMatchObject({ kind: 'response' })
  }
  command.process.kill('SIGTERM')
  expect(await command.end()).toBe(0)
})

test('several processes cannot each take a free port', async () => {
  const words = ['bootstrap', '--listen', '127.0.0.1:0', '--processes', '2']
  const command = new Command({ words, home: folder })
  expect(await command.end()).toBe(2)
  expect(command.errors).toMatch(/With several --processes --listen wants a port that is not 0/)
})

test('a second server on the same state directory is refused, and the first goes on', async () => {
  const words = ['--listen', '127.0.0.1:0', '--state-directory', `${folder}/twice`, ...QUICK]
  const { command, address } = await serve(words)
  const second = new Command({ words: ['bootstrap', ...words], home: folder })
  expect(await second.end()).toBe(2)
  expect(second.errors).toMatch(
    /A server already runs on .*: --take-over replaces it without loss\./,
  )
  await using visitor = await Visitor.open(loopback(1))
  expect(await visitor.ask(address)).toMatchObject({ kind: 'response' })
  command.process.kill('SIGTERM')
  expect(await command.end()).toBe(0)
})
