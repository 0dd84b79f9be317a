// The pieces as one line of blocks: each cell stands for a run of pieces and is as full as they are.

const UNICODE = [' ', '░', '▒', '▓', '█'] as const
const ASCII = [' ', '.', ':', '+', '#'] as const

export interface PieceMapOptions {
  readonly pieceCount: number
  /** Base64 of a bit field, bit 7 of byte 0 is piece 0. */
  readonly verified: string
  /** Pieces being fetched: an empty cell with one of them shows a dot. */
  readonly inFlight: readonly number[]
  readonly columns: number
  readonly isUnicode: boolean
}

/** @returns exactly `columns` characters of one column each; blank without pieces. */
export function pieceMap(options: PieceMapOptions): string {
  const { pieceCount, verified, columns, isUnicode } = options
  if (pieceCount === 0) return ' '.repeat(columns)
  const bits = Buffer.from(verified, 'base64')
  const signs = isUnicode ? UNICODE : ASCII
  const busy = new Set(
    options.inFlight.map(piece => Math.floor((piece * columns) / Math.max(1, pieceCount))),
  )
  let map = ''
  for (let column = 0; column < columns; column += 1) {
    const first = Math.floor((column * pieceCount) / columns)
    const last = Math.max(first + 1, Math.floor(((column + 1) * pieceCount) / columns))
    let count = 0
    for (let piece = first; piece < last; piece += 1)
      count += ((bits[piece >> 3] ?? 0) >> (7 - (piece & 7))) & 1
    // Full only when all are there, not empty as soon as one is.
    if (count === 0 && busy.has(column)) map += isUnicode ? '·' : '-'
    else
      map +=
        signs[Math.ceil((count / (last - first)) * 3) + (count === last - first ? 1 : 0)] ?? ' '
  }
  return map
}

/** A bar of `columns` characters, filled to `share` (0 to 1), in eighths where the terminal has them. */
export function bar(share: number, columns: number, isUnicode: boolean): string {
  const eighths = Math.floor(Math.min(1, Math.max(0, share)) * columns * 8)
  const full = Math.floor(eighths / 8)
  if (!isUnicode) return '#'.repeat(full) + '-'.repeat(columns - full)
  const rest = full < columns ? (' ▏▎▍▌▋▊▉'[eighths % 8] ?? ' ').replace(' ', '░') : ''
  return '█'.repeat(full) + rest + '░'.repeat(Math.max(0, columns - full - 1))
}
