import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Address, formatIp } from '../../src/core/bytes/index.ts'
import { loadNative } from '../../src/node/bootstrap/native.ts'
import {
  type BootstrapService,
  type BootstrapServiceOptions,
  openBootstrapService,
} from '../../src/node/bootstrap/service.ts'
import { snapshotPath } from '../../src/node/bootstrap/snapshot-file.ts'
import { loopback, namedBy, openVerified, Visitor } from './bootstrap-visitor.ts'

const PROBATION_MS = 50
/** A visitor of a test asks as often as he likes. */
const visitors = { ratePerSecond: 100, burst: 10_000, slots: 1024 }
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bootstrap-'))
})
afterAll(() => rm(folder, { recursive: true }))

const openServer = (options: Partial<BootstrapServiceOptions> = {}): Promise<BootstrapService> =>
  openBootstrapService({
    listen: [{ ip: Uint8Array.of(127, 0, 0, 1), port: 0 }],
    isPrivateAllowed: true,
    probationMs: PROBATION_MS,
    visitors,
    ...options,
  })

const addressOf = (server: BootstrapService, index = 0): Address =>
  server.addresses[index] as Address

test('batched system calls can be had here, or the machine is no Linux of 64 bits', async () => {
  const native = await loadNative()
  expect(typeof native === 'string' && process.platform === 'linux' ? native : undefined).toBe(
    undefined,
  )
})

describe.each(['auto', 'plain'] as const)('transport %s', transport => {
  test('whoever answers his ping is named to the next visitor', async () => {
    await using server = await openServer({ transport })
    const known = await openVerified(addressOf(server), [1, 2, 3])
    await using late = await Visitor.open(loopback(9))
    const named = await namedBy(addressOf(server), late, 3)
    expect(named.sort()).toEqual(known.map(({ ip, port }) => `${formatIp(ip)} ${port}`).sort())
    for (const visitor of known) await visitor[Symbol.asyncDispose]()
    expect(server.report().transport).toBe(transport === 'plain' ? 'plain' : 'batched')
  })

  test('IPv6 visitors are served and named on an IPv6 socket', async () => {
    const listen = [
      { ip: Uint8Array.of(127, 0, 0, 1), port: 0 },
      { ip: Uint8Array.from({ length: 16 }, (_, index) => Number(index === 15)), port: 0 },
    ]
    await using server = await openServer({ transport, listen })
    const loopback6 = listen[1]?.ip as Uint8Array
    await using visitor = await Visitor.open(loopback6)
    await visitor.ask(addressOf(server, 1))
    await visitor.pinged()
    expect(await namedBy(addressOf(server, 1), visitor, 1)).toEqual([`::1 ${visitor.port}`])
    await using other = await Visitor.open(loopback(1))
    const answer = await other.ask(addressOf(server), { want: 'both' })
    expect(answer).toMatchObject({ kind: 'response', nodes6: { length: 38 } })
  })

  test('an unknown method gets error 204', async () => {
    await using server = await openServer({ transport })
    await using visitor = await Visitor.open(loopback(1))
    const answer = await visitor.ask(addressOf(server), {
      method: 'other',
      name: 'vote',
      fault: 204,
    })
    expect(answer).toMatchObject({ kind: 'error', code: 204 })
  })

  test('a restarted server names at once whom the last one had verified', async () => {
    const stateDirectory = path.join(folder, `restart-${transport}`)
    const before = await openServer({ transport, stateDirectory })
    const known = await openVerified(addressOf(before), [1, 2, 3])
    await using late = await Visitor.open(loopback(9))
    await namedBy(addressOf(before), late, 3)
    await before.close()
    await using after = await openServer({ transport, stateDirectory })
    expect((await late.nodesFrom(addressOf(after))).length).toBe(3)
    for (const visitor of known) await visitor[Symbol.asyncDispose]()
  })
})

describe('a snapshot that cannot be trusted', () => {
  const spoil = async (name: string, change: (bytes: Buffer) => Uint8Array) => {
    const stateDirectory = path.join(folder, name)
    const before = await openServer({ stateDirectory })
    const known = await openVerified(addressOf(before), [1, 2, 3])
    await using late = await Visitor.open(loopback(9))
    await namedBy(addressOf(before), late, 3)
    await before.close()
    for (const visitor of known) await visitor[Symbol.asyncDispose]()
    const file = snapshotPath(stateDirectory)
    await writeFile(file, change(await readFile(file)))
    const notices: string[] = []
    await using after = await openServer({ stateDirectory, onNotice: text => notices.push(text) })
    expect(await late.nodesFrom(addressOf(after))).toEqual([])
    return notices
  }

  test('a torn one is refused with one sentence, and the server starts empty', async () => {
    for (const cut of [1, 12, 13, 90]) {
      const notices = await spoil(`torn-${cut}`, bytes => bytes.subarray(0, -cut))
      expect(notices).toEqual([
        expect.stringMatching(/is damaged or incomplete: starting empty\.$/),
      ])
    }
  })

  test('one with a changed bit is refused', async () => {
    const notices = await spoil('flipped', bytes => {
      bytes[60] = (bytes[60] as number) ^ 1
      return bytes
    })
    expect(notices).toEqual([expect.stringMatching(/is damaged or incomplete/)])
  })

  test('a foreign file is refused', async () => {
    const notices = await spoil('foreign', () =>
      Buffer.from('something else entirely, and long enough'),
    )
    expect(notices).toEqual([expect.stringMatching(/is no snapshot of this program/)])
  })
})

test('a report stays as it was when it was made', async () => {
  await using server = await openServer()
  await using visitor = await Visitor.open(loopback(1))
  const before = server.report()
  await visitor.ask(addressOf(server))
  expect(before.counters.queries.find_node).toBe(0)
  expect(server.report().counters.queries.find_node).toBe(1)
})

test('an address that is taken is told of in a sentence', async () => {
  await using server = await openServer()
  await expect(openServer({ listen: server.addresses })).rejects.toThrow(
    /^The system would not listen on UDP 127\.0\.0\.1:\d+ \(errno 98\)\.$/,
  )
})
