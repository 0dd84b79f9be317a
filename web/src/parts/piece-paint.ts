// Paints the piece map: one pass over the cells, whole pixels only.
import { boxOf, cellOf, type Grid, piecesIn } from '../piece-grid.ts'
import { type Pieces, verifiedCount } from '../pieces.ts'

/** How long a piece that has just been verified stands out. */
export const GLOW_MS = 1200

/** CSS colours. */
export interface Ink {
  readonly missing: string
  readonly verified: string
  readonly fresh: string
  readonly inFlight: string
  readonly window: string
  readonly reader: string
}

/** In pieces of the torrent; a window is its first piece and the one after its last. */
export interface Marks {
  readonly readers: readonly number[]
  readonly windows: readonly (readonly [number, number])[]
}

export interface Picture {
  readonly grid: Grid
  readonly pieces: Pieces
  readonly marks: Marks
  readonly ink: Ink
}

/**
 * Paints every cell.
 *
 * @returns what paints one moment of the glow over it: given when each new piece came, by piece, and
 *   the time now. It touches the glowing cells alone, since it runs with every frame of the screen.
 */
export function paintMap(
  canvas: HTMLCanvasElement,
  picture: Picture,
): (glow: ReadonlyMap<number, number>, nowMs: number) => void {
  const { grid, marks, ink } = picture
  const context = canvas.getContext('2d')
  if (context === null) return () => {}
  if (canvas.width !== grid.width || canvas.height !== grid.height) {
    canvas.width = grid.width
    canvas.height = grid.height
    canvas.style.aspectRatio = `${grid.width} / ${grid.height}`
  }
  context.clearRect(0, 0, grid.width, grid.height)
  const flying = new Set([...picture.pieces.inFlight].map(piece => cellOf(grid, piece)))
  const wanted = cellsOf(grid, marks.windows)
  const paintOne = (cell: number): void =>
    paintCell(context, picture, cell, { isFlying: flying.has(cell), isNear: wanted.has(cell) })
  const paintReaders = (): void => {
    for (const reader of marks.readers) paintReader(context, grid, cellOf(grid, reader), ink.reader)
  }
  for (let cell = 0; cell < grid.cellCount; cell += 1) paintOne(cell)
  paintReaders()
  return (glow, nowMs) => {
    for (const [piece, atMs] of glow) {
      const cell = cellOf(grid, piece)
      const box = boxOf(grid, cell)
      paintOne(cell)
      context.globalAlpha = Math.max(0, 1 - (nowMs - atMs) / GLOW_MS)
      context.fillStyle = ink.fresh
      context.fillRect(box.left, box.top, box.width, box.height)
      context.globalAlpha = 1
    }
    paintReaders()
  }
}

interface CellState {
  readonly isFlying: boolean
  readonly isNear: boolean
}

function paintCell(
  context: CanvasRenderingContext2D,
  picture: Picture,
  cell: number,
  state: CellState,
): void {
  const { grid, pieces, ink } = picture
  const box = boxOf(grid, cell)
  const [begin, end] = piecesIn(grid, cell, pieces.count)
  const share = verifiedCount(pieces, begin, end) / (end - begin)
  if (share < 1) {
    context.fillStyle = state.isFlying ? ink.inFlight : state.isNear ? ink.window : ink.missing
    context.fillRect(box.left, box.top, box.width, box.height)
  }
  if (share > 0) {
    context.globalAlpha = share
    context.fillStyle = ink.verified
    context.fillRect(box.left, box.top, box.width, box.height)
    context.globalAlpha = 1
  }
}

/** The cell itself in the reader's colour: its neighbours stay readable. */
function paintReader(
  context: CanvasRenderingContext2D,
  grid: Grid,
  cell: number,
  colour: string,
): void {
  const box = boxOf(grid, cell)
  const edge = Math.max(1, Math.round(grid.rowHeight / 6))
  const width = Math.min(box.width, grid.rowHeight)
  context.fillStyle = colour
  context.fillRect(box.left - edge, box.top - edge, width + 2 * edge, box.height + 2 * edge)
}

function cellsOf(grid: Grid, ranges: readonly (readonly [number, number])[]): Set<number> {
  const cells = new Set<number>()
  for (const [begin, end] of ranges) {
    for (let piece = begin; piece < end; piece += grid.piecesPerCell) cells.add(cellOf(grid, piece))
  }
  return cells
}
