// What may be posted, checked. Loaded with the first body, for its library takes longer to load than a page to answer.
import { z } from 'zod'
import type { AddRequest, RemoveRequest, SelectRequest } from '../api/index.ts'
import { HttpProblem } from './problem.ts'

/** As many files as one torrent may have. */
const FILES_MAX = 1_000_000

const TORRENT_DATA_PREFIX = 'data:application/x-bittorrent;base64,'

const addRequest = z.strictObject({ source: z.string().min(1) })
const removeRequest = z.strictObject({ deleteFiles: z.boolean().default(false) })
const selectRequest = z.strictObject({
  files: z.array(z.int().nonnegative()).max(FILES_MAX),
})

/** @throws HttpProblem 400 that names the first wrong field. */
function check<T>(type: z.ZodType<T>, body: unknown): T {
  const result = type.safeParse(body)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue?.path.join('.') || 'the body'
  throw new HttpProblem(400, 'wrong-body', `Correct ${place}: ${issue?.message ?? 'wrong type'}.`)
}

export const checkAdd = (body: unknown): AddRequest => check(addRequest, body)
export const checkRemove = (body: unknown): RemoveRequest => check(removeRequest, body)
export const checkSelect = (body: unknown): SelectRequest => check(selectRequest, body)

/**
 * What the client may be given for an `AddRequest`. A path is a source for the command line, never for a page:
 * it would let a page read files.
 *
 * @throws HttpProblem 400
 */
export function sourceOf({ source }: AddRequest): string | Uint8Array {
  if (source.startsWith(TORRENT_DATA_PREFIX))
    return Uint8Array.from(Buffer.from(source.slice(TORRENT_DATA_PREFIX.length), 'base64'))
  const trimmed = source.trim()
  // Hexadecimal v1, v2 and multihash, Base32 v1: nothing that could be a path with a part or an extension.
  if (/^magnet:\?/i.test(trimmed) || /^[0-9a-z]{32,68}$/i.test(trimmed)) return trimmed
  throw new HttpProblem(400, 'wrong-source', 'Give a magnet link, an infohash or a .torrent file.')
}
