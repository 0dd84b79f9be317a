import { describe, expect, test } from 'vitest'
import {
  findNode,
  ip4,
  ip6,
  live,
  pongTo,
  type Speaker,
  say,
  speakerAt,
  tell,
  testServer,
} from '../../../../test/support/bootstrap.ts'
import { formatAddress } from '../../bytes/index.ts'
import { isIdBoundTo } from '../../dht/index.ts'
import { decodeKrpc, type KrpcMessage, parseContacts } from '../../wire/index.ts'
import { VERIFIED_WITHIN_MS } from './schedule.ts'
import type { BootstrapServer } from './server.ts'

const MINUTE_MS = 60_000
const alice = speakerAt(ip4(1))

/** The one message that the server sends when `bytes` come from `from`. */
function answerTo(server: BootstrapServer, nowMs: number, from: Speaker, bytes: Uint8Array) {
  const sends = tell(server, nowMs, from, bytes)
  if (sends.length === 0) return undefined
  expect(sends.length).toBe(1)
  expect(sends[0]?.to).toEqual({ ip: from.ip, port: from.port })
  return decodeKrpc(sends[0]?.bytes as Uint8Array)
}

/** A server that has `count` verified nodes at `nowMs`, 16 minutes. */
function settledServer(count: number, options = {}): BootstrapServer {
  const server = testServer(options)
  for (let number = 0; number < count; number++) {
    const speaker = speakerAt(ip4(number))
    tell(server, 0, speaker, findNode(speaker))
  }
  live(server, 16 * MINUTE_MS, ip => speakerAt(ip))
  return server
}
const SETTLED_MS = 16 * MINUTE_MS

describe('who gets into the ring', () => {
  test('a visitor is pinged 15 minutes later, and named once he has answered', () => {
    const server = testServer()
    expect(answerTo(server, 0, alice, findNode(alice))).toMatchObject({ kind: 'response' })
    server.step(15 * MINUTE_MS - 100, { kind: 'wake' })
    expect(server.drain()).toEqual([])
    server.step(15 * MINUTE_MS + 100, { kind: 'wake' })
    const [ping] = server.drain()
    expect(ping?.to).toEqual({ ip: alice.ip, port: alice.port })
    const message = decodeKrpc(ping?.bytes as Uint8Array)
    expect(message).toMatchObject({ kind: 'query', method: 'ping' })
    tell(server, 15 * MINUTE_MS + 200, alice, pongTo(ping?.bytes as Uint8Array, alice))
    const bob = speakerAt(ip4(2))
    const answer = answerTo(server, 15 * MINUTE_MS + 300, bob, findNode(bob))
    const named = parseContacts((answer as { nodes: Uint8Array }).nodes, 4)
    expect(named.map(({ address }) => formatAddress(address))).toEqual(['20.0.1.1:6881'])
    expect(named[0]?.id).toEqual(alice.id)
  })

  test('a visitor who asks again while he waits is queued once', () => {
    const server = testServer()
    for (let second = 0; second < 60; second++) tell(server, second * 1000, alice, findNode(alice))
    expect(server.waiting(4)).toBe(1)
  })

  test('a visitor who is in the ring is not queued', () => {
    const server = settledServer(1)
    const node = speakerAt(ip4(0))
    tell(server, SETTLED_MS, node, findNode(node))
    expect(server.waiting(4)).toBe(0)
  })

  test('a read-only visitor is served and never queued', () => {
    const server = testServer()
    const answer = answerTo(server, 0, alice, findNode(alice, { isReadOnly: true }))
    expect(answer).toMatchObject({ kind: 'response' })
    expect(server.waiting(4)).toBe(0)
  })

  test('a visitor whose id does not fit his address is served, and is kept once it does', () => {
    const server = testServer()
    const stray = { ...alice, id: new Uint8Array(20).fill(9) }
    expect(isIdBoundTo(stray.id, stray.ip)).toBe(false)
    expect(answerTo(server, 0, stray, findNode(stray))).toMatchObject({ kind: 'response' })
    live(server, SETTLED_MS, () => stray)
    expect(server.counters.pongs['id-invalid']).toBe(1)
    expect(server.ring(4).count).toBe(0)
    tell(server, SETTLED_MS, stray, findNode(stray))
    live(server, 2 * SETTLED_MS, () => alice)
    expect(server.ring(4).count).toBe(1)
  })

  test('a node whose id no longer fits is dropped at its next pong', () => {
    const server = settledServer(1)
    live(server, SETTLED_MS + 11 * MINUTE_MS, ip => ({
      ...speakerAt(ip),
      id: new Uint8Array(20).fill(9),
    }))
    expect(server.ring(4).count).toBe(0)
  })

  test('on private networks, where they are allowed, ids are checked like any other', () => {
    const server = testServer({ isPrivateAllowed: true })
    const local = speakerAt(Uint8Array.of(127, 0, 0, 9))
    const stray = { ...speakerAt(Uint8Array.of(127, 0, 1, 9)), id: new Uint8Array(20).fill(9) }
    for (const visitor of [local, stray]) tell(server, 0, visitor, findNode(visitor))
    live(server, SETTLED_MS, ip => (ip[2] === 0 ? local : stray))
    expect(server.ring(4).count).toBe(1)
  })

  test('whoever stays silent leaves, and is not named any more', () => {
    const server = settledServer(2)
    live(server, SETTLED_MS + 11 * MINUTE_MS, ip => (ip[2] === 0 ? speakerAt(ip) : undefined))
    expect(server.ring(4).count).toBe(1)
    expect(server.counters.departed).toBe(1)
  })

  test('when all fall silent nobody is named after the promised time', () => {
    const server = settledServer(40)
    live(server, SETTLED_MS + VERIFIED_WITHIN_MS, () => undefined)
    const answer = answerTo(server, SETTLED_MS + VERIFIED_WITHIN_MS, alice, findNode(alice))
    expect((answer as { nodes: Uint8Array }).nodes.length).toBe(0)
  })
})

describe('pongs that nobody asked for', () => {
  const ping = (server: BootstrapServer) => {
    tell(server, 0, alice, findNode(alice))
    server.step(15 * MINUTE_MS + 100, { kind: 'wake' })
    return server.drain()[0]?.bytes as Uint8Array
  }

  test('a pong from another address or port than was pinged is not believed', () => {
    const server = testServer()
    const bytes = ping(server)
    const elsewhere = speakerAt(ip4(5))
    tell(server, 15 * MINUTE_MS + 200, elsewhere, pongTo(bytes, elsewhere))
    tell(server, 15 * MINUTE_MS + 200, { ...alice, port: 7000 }, pongTo(bytes, alice))
    expect(server.counters.pongs['cookie-wrong']).toBe(2)
    expect(server.ring(4).count).toBe(0)
  })

  test('a pong with a guessed cookie is not believed', () => {
    const server = testServer()
    ping(server)
    for (let guess = 0; guess < 1000; guess++) {
      const transaction = Uint8Array.of(guess, guess >> 8, 3, 4, 5, 6, 7, 8)
      tell(
        server,
        15 * MINUTE_MS + 200,
        alice,
        say({ kind: 'response', transaction, id: alice.id }),
      )
    }
    expect(server.ring(4).count).toBe(0)
    expect(server.counters.pongs['cookie-wrong']).toBe(1000)
  })

  test('a pong that comes minutes late is not believed', () => {
    const server = testServer()
    const bytes = ping(server)
    tell(server, 18 * MINUTE_MS, alice, pongTo(bytes, alice))
    expect(server.ring(4).count).toBe(0)
  })

  test('an error message is not answered', () => {
    const bytes = say({
      kind: 'error',
      transaction: Uint8Array.of(1),
      code: 201,
      message: 'no',
    })
    expect(answerTo(testServer(), 0, alice, bytes)).toBeUndefined()
  })
})

describe('answers', () => {
  test.each(['find_node', 'get_peers', 'get'] as const)(
    '%s is answered with 16 nodes and the ip',
    method => {
      const server = settledServer(100)
      const query = say({
        kind: 'query',
        method,
        transaction: Uint8Array.of(7, 7),
        id: alice.id,
        target: new Uint8Array(20),
        infohash: new Uint8Array(20),
        isReadOnly: false,
        isNoSeed: false,
        isScrape: false,
      } as KrpcMessage)
      const answer = answerTo(server, SETTLED_MS, alice, query)
      expect(answer).toMatchObject({
        kind: 'response',
        transaction: Uint8Array.of(7, 7),
        ip: { ip: alice.ip, port: alice.port },
      })
      const { nodes, token, peers, nodes6 } = answer as Extract<KrpcMessage, { kind: 'response' }>
      expect(nodes?.length).toBe(16 * 26)
      expect([peers, nodes6]).toEqual([undefined, undefined])
      // aria2 throws away an answer to get_peers that has none.
      expect(token?.length).toBe(method === 'get_peers' ? 1 : undefined)
      for (const { id, address } of parseContacts(nodes as Uint8Array, 4)) {
        expect(isIdBoundTo(id, address.ip)).toBe(true)
      }
    },
  )

  test('ping is answered with our id and the ip, without nodes', () => {
    const server = settledServer(100)
    const query = say({
      kind: 'query',
      method: 'ping',
      transaction: Uint8Array.of(1),
      id: alice.id,
      isReadOnly: false,
    })
    const answer = answerTo(server, SETTLED_MS, alice, query)
    expect(answer).toEqual({
      kind: 'response',
      transaction: Uint8Array.of(1),
      id: new Uint8Array(20).fill(0x53),
      ip: { ip: alice.ip, port: alice.port },
    })
  })

  test('a server that knows nobody answers with no nodes', () => {
    const answer = answerTo(testServer(), 0, alice, findNode(alice))
    expect((answer as { nodes: Uint8Array }).nodes.length).toBe(0)
  })

  test('each socket speaks with an id of its own', () => {
    const ids = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)]
    const server = testServer({ ids, families: [4, 4] })
    server.step(0, { kind: 'udp-data', from: alice, bytes: findNode(alice), socket: 1 })
    const [send] = server.drain()
    expect(send?.socket).toBe(1)
    expect(decodeKrpc(send?.bytes as Uint8Array)).toMatchObject({ id: ids[1] })
  })
})

describe('want (BEP 32)', () => {
  /** A server with 40 verified nodes of each family. */
  function dualServer(): BootstrapServer {
    const server = testServer({
      ids: [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)],
      families: [4, 16],
    })
    for (let number = 0; number < 40; number++) {
      for (const [socket, ip] of [ip4(number), ip6(number)].entries()) {
        const speaker = speakerAt(ip)
        server.step(0, { kind: 'udp-data', from: speaker, bytes: findNode(speaker), socket })
      }
    }
    server.drain()
    live(server, SETTLED_MS, ip => speakerAt(ip))
    expect([server.ring(4).count, server.ring(16).count]).toEqual([40, 40])
    return server
  }
  const stranger4 = speakerAt(ip4(500))
  const stranger6 = speakerAt(ip6(500))

  test.each([
    [stranger4, undefined, 16, 0],
    [stranger6, undefined, 0, 16],
    [stranger4, 'n4', 16, 0],
    [stranger6, 'n6', 0, 16],
    // More than the ordinary answer is not for an address that has not shown that it asks itself.
    [stranger4, 'n6', 0, 10],
    [stranger6, 'n4', 16, 0],
    [stranger4, 'both', 7, 5],
    [stranger6, 'both', 11, 7],
  ])(
    'a stranger gets the families that he wants, within the ordinary size (%#)',
    (from, want, four, six) => {
      const answer = answerTo(dualServer(), SETTLED_MS, from, findNode(from, { want })) as {
        nodes?: Uint8Array
        nodes6?: Uint8Array
      }
      expect([(answer.nodes?.length ?? 0) / 26, (answer.nodes6?.length ?? 0) / 38]).toEqual([
        four,
        six,
      ])
    },
  )

  test('a node of the ring that wants both families gets both whole', () => {
    const node = speakerAt(ip4(3))
    const answer = answerTo(dualServer(), SETTLED_MS, node, findNode(node, { want: 'both' })) as {
      nodes: Uint8Array
      nodes6: Uint8Array
    }
    expect([answer.nodes.length / 26, answer.nodes6.length / 38]).toEqual([16, 16])
  })

  test('an IPv6 visitor is told his address in 18 bytes', () => {
    const answer = answerTo(dualServer(), SETTLED_MS, stranger6, findNode(stranger6))
    expect(answer).toMatchObject({ ip: { ip: stranger6.ip, port: stranger6.port } })
  })
})

describe('floods', () => {
  test('an address that asks too fast gets no more answers, others do', () => {
    const server = settledServer(20)
    const answered = (from: Speaker, queries: number) =>
      Array.from(
        { length: queries },
        () => tell(server, SETTLED_MS, from, findNode(from)).length,
      ).reduce((sum, count) => sum + count)
    expect(answered(alice, 1000)).toBe(50)
    expect(server.counters.rejections.rate).toBe(950)
    expect(answered(speakerAt(ip4(2)), 10)).toBe(10)
  })

  test('no answer but the ordinary one is larger than three times its query', () => {
    const server = settledServer(40)
    const queries = [
      'd1:q1:x1:t1:a1:y1:qe',
      'd1:t1:a1:y1:qe',
      `d1:q4:ping1:t32:${'t'.repeat(32)}1:y1:qe`,
      `d1:q13:announce_peer1:t99:${'t'.repeat(99)}1:y1:qe`,
      `d1:ad2:id20:${'i'.repeat(20)}e1:q4:ping1:t1:a1:y1:qe`,
    ]
    for (const query of queries) {
      const [send] = tell(server, SETTLED_MS, alice, new TextEncoder().encode(query))
      expect(send?.bytes.length ?? 0).toBeLessThanOrEqual(query.length * 3)
    }
    const ordinary = findNode(alice)
    const [send] = tell(server, SETTLED_MS, alice, ordinary)
    expect(send?.bytes.length).toBe(13 + 31 + 11 + 416 + 1 + 7 + 7)
  })

  test('the ping rate follows what is needed, not the size of a lump', () => {
    const server = testServer({ waitingMax: 100_000 })
    for (let number = 0; number < 20_000; number++) {
      const speaker = speakerAt(ip4(number))
      tell(server, 0, speaker, findNode(speaker))
    }
    const perSecond: number[] = []
    for (let second = 0; second < 30; second++) {
      perSecond.push(live(server, 15 * MINUTE_MS + second * 1000, () => undefined))
    }
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(250)
    expect(Math.min(...perSecond.slice(1))).toBeGreaterThan(150)
  })
})

test('limits and private sources can be changed while it runs', () => {
  const server = settledServer(20)
  const local = speakerAt(Uint8Array.of(10, 0, 0, 1))
  expect(answerTo(server, SETTLED_MS, local, findNode(local))).toBeUndefined()
  server.configure({ isPrivateAllowed: true, nodesMax: 5 })
  expect(answerTo(server, SETTLED_MS, local, findNode(local))).toMatchObject({ kind: 'response' })
  live(server, SETTLED_MS + 10 * MINUTE_MS, ip => speakerAt(ip))
  expect(server.ring(4).count).toBe(5)
})
