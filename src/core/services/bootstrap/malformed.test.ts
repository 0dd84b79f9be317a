// What the server does with each kind of malformed packet. The same table is in docs/bootstrap.md.
import { expect, test } from 'vitest'
import { ip4, speakerAt, tell, testServer } from '../../../../test/support/bootstrap.ts'
import { decodeKrpc } from '../../wire/index.ts'
import { REJECTIONS } from './counters.ts'

const ID = 'i'.repeat(20)
const TARGET = 't'.repeat(20)
const ARGS = `1:ad2:id20:${ID}6:target20:${TARGET}e`
const good = `d${ARGS}1:q9:find_node1:t2:aa1:y1:qe`

type Outcome = 'answer' | 'error 203' | 'error 204' | (typeof REJECTIONS)[number] | 'cookie-wrong'

const table: readonly (readonly [what: string, packet: string, outcome: Outcome])[] = [
  ['a well-formed find_node', good, 'answer'],
  ['nothing at all', '', 'malformed'],
  ['no bencode', 'GET / HTTP/1.1', 'malformed'],
  ['a string', '4:spam', 'malformed'],
  ['a list', `l${good}e`, 'malformed'],
  ['a packet cut short', good.slice(0, -1), 'malformed'],
  ['bytes behind the end', `${good}x`, 'malformed'],
  ['a string longer than the packet', 'd1:t9999:aa1:y1:qe', 'malformed'],
  ['a length with a zero before it', 'd1:t02:aa1:y1:qe', 'malformed'],
  ['a length without end', `d1:t${'9'.repeat(50)}`, 'malformed'],
  ['a negative length', 'd1:t-2:aa1:y1:qe', 'malformed'],
  ['an integer without digits', 'd1:bie1:t1:a1:y1:qe', 'malformed'],
  ['an integer with a zero before it', 'd1:bi01e1:t1:a1:y1:qe', 'malformed'],
  ['minus zero', 'd1:bi-0e1:t1:a1:y1:qe', 'malformed'],
  ['an integer as key', 'di1e1:ae', 'malformed'],
  ['nesting five deep', `d1:bllll1:aeeee${good.slice(1)}`, 'answer'],
  ['nesting six deep', `d1:blllll1:aeeeee${good.slice(1)}`, 'malformed'],
  ['nesting a thousand deep', `d1:b${'l'.repeat(1000)}${'e'.repeat(1000)}e`, 'malformed'],
  ['a hundred tokens and one', `d1:bl${'0:'.repeat(101)}e${good.slice(1)}`, 'malformed'],
  ['no kind', `d${ARGS}1:q9:find_node1:t2:aae`, 'malformed'],
  ['an unknown kind', `d${ARGS}1:q9:find_node1:t2:aa1:y1:xe`, 'malformed'],
  ['a kind that is no letter', `d${ARGS}1:q9:find_node1:t2:aa1:yi1ee`, 'malformed'],
  ['no transaction id', `d${ARGS}1:q9:find_node1:y1:qe`, 'no-transaction'],
  ['an empty transaction id', `d${ARGS}1:q9:find_node1:t0:1:y1:qe`, 'no-transaction'],
  [
    'a transaction id of 32 bytes',
    `d${ARGS}1:q9:find_node1:t32:${'x'.repeat(32)}1:y1:qe`,
    'answer',
  ],
  [
    'a transaction id of 33 bytes',
    `d${ARGS}1:q9:find_node1:t33:${'x'.repeat(33)}1:y1:qe`,
    'error 203',
  ],
  [
    'a transaction id of 1000 bytes',
    `d${ARGS}1:q9:find_node1:t1000:${'x'.repeat(1000)}1:y1:qe`,
    'error 203',
  ],
  ['no arguments', 'd1:q9:find_node1:t2:aa1:y1:q4:xxxx0:e', 'error 203'],
  ['arguments that are no dictionary', 'd1:a4:spam1:q9:find_node1:t2:aa1:y1:qe', 'error 203'],
  ['no id', `d1:ad6:target20:${TARGET}e1:q9:find_node1:t2:aa1:y1:qe`, 'error 203'],
  [
    'an id of 19 bytes',
    `d1:ad2:id19:${ID.slice(1)}6:target20:${TARGET}e1:q9:find_node1:t2:aa1:y1:qe`,
    'error 203',
  ],
  [
    'an id that is an integer',
    `d1:ad2:idi5e6:target20:${TARGET}e1:q9:find_node1:t2:aa1:y1:qe`,
    'error 203',
  ],
  ['find_node without target', `d1:ad2:id20:${ID}e1:q9:find_node1:t2:aa1:y1:qe`, 'error 203'],
  [
    'a target of 21 bytes',
    `d1:ad2:id20:${ID}6:target21:${TARGET}xe1:q9:find_node1:t2:aa1:y1:qe`,
    'error 203',
  ],
  ['get_peers without info_hash', `d1:ad2:id20:${ID}e1:q9:get_peers1:t2:aa1:y1:qe`, 'error 203'],
  [
    'want that is no list',
    `d1:ad2:id20:${ID}6:target20:${TARGET}4:want2:n4e1:q9:find_node1:t2:aa1:y1:qe`,
    'answer',
  ],
  [
    'want of something else',
    `d1:ad2:id20:${ID}6:target20:${TARGET}4:wantl2:n9i7eee1:q9:find_node1:t2:aa1:y1:qe`,
    'answer',
  ],
  ['no method', `d${ARGS}1:t2:aa1:y1:qe`, 'error 203'],
  ['announce_peer', `d${ARGS}1:q13:announce_peer1:t2:aa1:y1:qe`, 'error 204'],
  ['put', `d${ARGS}1:q3:put1:t2:aa1:y1:qe`, 'error 204'],
  ['sample_infohashes', `d${ARGS}1:q17:sample_infohashes1:t2:aa1:y1:qe`, 'error 204'],
  ['a method that nobody knows', `d${ARGS}1:q4:vote1:t2:aa1:y1:qe`, 'error 204'],
  ['an error message', 'd1:eli201e1:xe1:t2:aa1:y1:ee', 'unasked'],
  ['a response that nobody asked for', `d1:rd2:id20:${ID}e1:t2:aa1:y1:re`, 'cookie-wrong'],
  ['keys out of order', `d1:y1:q1:t2:aa1:q9:find_node${ARGS}e`, 'answer'],
  ['a key that comes twice', `d1:t1:x${good.slice(1)}`, 'answer'],
]

test.each(table)('%s', (_, packet, outcome) => {
  const server = testServer()
  const bytes = Uint8Array.from(packet, letter => letter.charCodeAt(0))
  const sends = tell(server, 0, speakerAt(ip4(1)), bytes)
  const { rejections, pongs, answers } = server.counters
  if (outcome === 'answer') {
    expect(answers).toBe(1)
    expect(decodeKrpc(sends[0]?.bytes as Uint8Array).kind).toBe('response')
  } else if (outcome === 'error 203' || outcome === 'error 204') {
    expect(decodeKrpc(sends[0]?.bytes as Uint8Array)).toMatchObject({
      kind: 'error',
      code: Number(outcome.slice(-3)),
    })
  } else {
    expect(sends).toEqual([])
    expect(outcome === 'cookie-wrong' ? pongs[outcome] : rejections[outcome]).toBe(1)
  }
})

test.each([
  ['port 0', [1, 2, 3, 4], 0],
  ['loopback', [127, 0, 0, 1], 6881],
  ['a private network', [192, 168, 0, 1], 6881],
  ['link-local', [169, 254, 0, 1], 6881],
  ['carrier NAT, 100.64/10', [100, 64, 0, 1], 6881],
  ['multicast', [224, 0, 0, 1], 6881],
  ['broadcast', [255, 255, 255, 255], 6881],
  ['IPv4 in IPv6 clothes', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4], 6881],
  ['IPv6 loopback', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 6881],
  ['IPv6 link-local', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 6881],
  ['IPv6 multicast', [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 6881],
])('a query from %s is dropped', (_, ip, port) => {
  const server = testServer()
  const bytes = Uint8Array.from(good, letter => letter.charCodeAt(0))
  expect(tell(server, 0, { ip: Uint8Array.from(ip), port }, bytes)).toEqual([])
  expect(server.counters.rejections.source).toBe(1)
})

test('every reason to reject is reached by some packet of the tables, by a flood or by amplification', () => {
  const reached = new Set<string>(table.map(([, , outcome]) => outcome))
  const elsewhere = ['source', 'rate', 'amplification', 'method-unknown', 'protocol']
  expect(REJECTIONS.filter(reason => !reached.has(reason) && !elsewhere.includes(reason))).toEqual(
    [],
  )
})
