// The `Range` header, one range only. @see RFC 9110, section 14

/** Bytes from `begin` up to, not including, `end`. */
export interface ByteRange {
  readonly begin: number
  readonly end: number
}

export type RangeAnswer =
  | { readonly kind: 'whole' }
  | ({ readonly kind: 'part' } & ByteRange)
  | { readonly kind: 'unsatisfiable' }

const WHOLE: RangeAnswer = { kind: 'whole' }

/**
 * What to send for a `Range` header on a file of `size` bytes.
 *
 * A header that is malformed, has another unit or several ranges is ignored, as the RFC allows: the
 * whole file is a right answer to it, and no player asks for several.
 */
export function parseRange(header: string | undefined, size: number): RangeAnswer {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '')
  if (match === null) return WHOLE
  const [, first = '', last = ''] = match
  if (first === '') {
    if (last === '') return WHOLE
    const length = Number(last)
    if (length === 0) return { kind: 'unsatisfiable' }
    return size === 0 ? WHOLE : { kind: 'part', begin: Math.max(0, size - length), end: size }
  }
  const begin = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (last !== '' && Number(last) < begin) return WHOLE
  if (begin >= size) return { kind: 'unsatisfiable' }
  return { kind: 'part', begin, end }
}
