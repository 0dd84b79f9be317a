// Where each piece lies on the map: whole device pixels, so that no edge is blurred at any density.

export interface GridSpace {
  readonly pieceCount: number
  /** CSS pixels. */
  readonly width: number
  /** CSS pixels; the grid is lower when few pieces fill it. */
  readonly heightMax: number
  /** Device pixels in one CSS pixel. */
  readonly density: number
}

/** All lengths in device pixels. */
export interface Grid {
  readonly columns: number
  readonly rows: number
  /** More than 1 when the pieces are too many for a cell each; the last cell may hold fewer. */
  readonly piecesPerCell: number
  readonly cellCount: number
  readonly width: number
  readonly height: number
  readonly rowHeight: number
  readonly gap: number
}

/** A cell's box in device pixels, without the gap to its right and below. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

const CELL_SIZES = [14, 12, 10, 8, 7, 6, 5, 4] as const
const CELL_SIZE_MIN = 4

/** The largest cells with which all pieces fit; below the smallest, cells share pieces. */
export function layOutGrid(space: GridSpace): Grid {
  const density = Math.max(0.5, space.density)
  const width = Math.max(1, Math.floor(space.width * density))
  const heightMax = Math.max(1, Math.floor(space.heightMax * density))
  for (const size of CELL_SIZES) {
    const grid = gridOf(space.pieceCount, { size, width, density, piecesPerCell: 1 })
    if (grid.height <= heightMax) return grid
  }
  const smallest = Math.max(2, Math.round(CELL_SIZE_MIN * density))
  const columns = Math.max(1, Math.floor(width / smallest))
  const rowsMax = Math.max(1, Math.floor(heightMax / smallest))
  const piecesPerCell = Math.max(1, Math.ceil(space.pieceCount / (columns * rowsMax)))
  return gridOf(space.pieceCount, { size: CELL_SIZE_MIN, width, density, piecesPerCell })
}

interface Cells {
  readonly size: number
  readonly width: number
  readonly density: number
  readonly piecesPerCell: number
}

function gridOf(pieceCount: number, cells: Cells): Grid {
  const rowHeight = Math.max(2, Math.round(cells.size * cells.density))
  const cellCount = Math.ceil(pieceCount / cells.piecesPerCell)
  const fitting = Math.max(1, Math.floor(cells.width / rowHeight))
  const rows = Math.max(1, Math.ceil(cellCount / fitting))
  // Few pieces become one row of long cells; many keep their columns, so that rows line up.
  const columns = rows === 1 ? Math.max(1, cellCount) : fitting
  return {
    columns,
    rows,
    piecesPerCell: cells.piecesPerCell,
    cellCount,
    width: cells.width,
    height: rows * rowHeight,
    rowHeight,
    gap: Math.max(1, Math.round((cells.size >= 8 ? 2 : 1) * cells.density)),
  }
}

/** Columns take the whole width: their edges are rounded, so neighbours may differ by one pixel. */
export function boxOf(grid: Grid, cell: number): Box {
  const column = cell % grid.columns
  const left = Math.round((column * grid.width) / grid.columns)
  const right = Math.round(((column + 1) * grid.width) / grid.columns)
  return {
    left,
    top: Math.floor(cell / grid.columns) * grid.rowHeight,
    width: Math.max(1, right - left - grid.gap),
    height: Math.max(1, grid.rowHeight - grid.gap),
  }
}

/** The cell under a point in device pixels, or `null` outside of the cells. */
export function cellAt(grid: Grid, x: number, y: number): number | null {
  const column = Math.floor((x * grid.columns) / grid.width)
  const row = Math.floor(y / grid.rowHeight)
  if (column < 0 || column >= grid.columns || row < 0 || row >= grid.rows) return null
  const cell = row * grid.columns + column
  return cell < grid.cellCount ? cell : null
}

/** First piece of a cell and the one after its last. */
export function piecesIn(grid: Grid, cell: number, pieceCount: number): [number, number] {
  const begin = cell * grid.piecesPerCell
  return [begin, Math.min(pieceCount, begin + grid.piecesPerCell)]
}

export const cellOf = (grid: Grid, piece: number): number => Math.floor(piece / grid.piecesPerCell)
