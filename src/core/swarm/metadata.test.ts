import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { INFO_LIMIT_BYTES, METADATA_PIECE_BYTES } from '../wire/index.ts'
import type { Digests } from '../world/index.ts'
import { MetadataFetch, type MetadataResult } from './metadata.ts'

const digests: Digests = {
  sha1: bytes => new Uint8Array(createHash('sha1').update(bytes).digest()),
  sha256: bytes => new Uint8Array(createHash('sha256').update(bytes).digest()),
}
const INFO = Uint8Array.from({ length: 3 * METADATA_PIECE_BYTES + 100 }, (_, at) => at * 31 + 7)
const CHUNKS = 4

const fetchOf = (infohash2?: Uint8Array) =>
  new MetadataFetch({ infohash: digests.sha1(INFO), infohash2, digests })

const chunk = (index: number) =>
  INFO.slice(index * METADATA_PIECE_BYTES, (index + 1) * METADATA_PIECE_BYTES)

/** `peer` answers everything that it is asked for; a liar's bytes are all 0. */
function answerAll(
  fetch: MetadataFetch,
  peer: number,
  nowMs: number,
  lies = false,
): MetadataResult {
  let last: MetadataResult = { kind: 'nothing' }
  for (const index of fetch.ask(nowMs, peer)) {
    const bytes = lies ? new Uint8Array(chunk(index).length) : chunk(index)
    last = fetch.receive(nowMs, peer, index, bytes)
  }
  return last
}

test('chunks of two peers make the whole', () => {
  const fetch = fetchOf()
  fetch.offer(1, INFO.length)
  const [first] = fetch.ask(0, 1)
  fetch.receive(0, 1, first as number, chunk(first as number))
  fetch.gone(1)
  fetch.offer(2, INFO.length)
  const result = answerAll(fetch, 2, 0)
  expect(result.kind === 'complete' && result.info).toEqual(INFO)
})

test('a peer that stays silent does not hold up the others for longer than two seconds', () => {
  const fetch = fetchOf()
  fetch.offer(1, INFO.length)
  fetch.offer(2, INFO.length)
  expect(fetch.ask(0, 1)).toHaveLength(CHUNKS)
  expect(fetch.ask(1_000, 2)).toEqual([])
  expect(answerAll(fetch, 2, 2_001).kind).toBe('complete')
})

test('a lie about the size delays nobody', () => {
  const fetch = fetchOf()
  fetch.offer(1, INFO.length + 1)
  fetch.ask(0, 1)
  fetch.offer(2, INFO.length)
  expect(answerAll(fetch, 2, 0).kind).toBe('complete')
})

test('wrong metadata of one peer names the liar; of two it names nobody until each is asked alone', () => {
  const alone = fetchOf()
  alone.offer(1, INFO.length)
  expect(answerAll(alone, 1, 0, true)).toEqual({ kind: 'wrong', liars: [1] })

  const shared = fetchOf()
  shared.offer(1, INFO.length)
  shared.offer(2, INFO.length)
  const asked = shared.ask(0, 1)
  shared.receive(0, 1, asked[0] as number, new Uint8Array(METADATA_PIECE_BYTES))
  shared.receive(0, 1, asked[1] as number, new Uint8Array(METADATA_PIECE_BYTES))
  expect(answerAll(shared, 2, 2_001)).toEqual({ kind: 'wrong', liars: [] })
  expect(answerAll(shared, 1, 2_002, true)).toEqual({ kind: 'wrong', liars: [1] })
  expect(answerAll(shared, 2, 2_003).kind).toBe('complete')
})

test('nothing is kept that was not asked for, has another size, or comes from somebody else', () => {
  const fetch = fetchOf()
  fetch.offer(1, INFO.length)
  expect(fetch.receive(0, 1, 0, chunk(0)).kind).toBe('nothing')
  fetch.ask(0, 1)
  expect(fetch.receive(0, 1, 0, chunk(0).subarray(1)).kind).toBe('nothing')
  expect(fetch.receive(0, 9, 0, chunk(0)).kind).toBe('nothing')
})

test('an offer beyond the limit, of nothing, or of a fraction is no offer', () => {
  const fetch = fetchOf()
  for (const size of [0, -1, 1.5, INFO_LIMIT_BYTES + 1]) {
    fetch.offer(1, size)
    expect(fetch.ask(0, 1)).toEqual([])
  }
})

test('a v2 infohash is compared in full', () => {
  const right = fetchOf(digests.sha256(INFO))
  right.offer(1, INFO.length)
  expect(answerAll(right, 1, 0).kind).toBe('complete')
  const wrong = fetchOf(digests.sha256(INFO.subarray(1)))
  wrong.offer(1, INFO.length)
  expect(answerAll(wrong, 1, 0).kind).toBe('wrong')
})
