import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boxOf, cellAt, cellOf, layOutGrid, piecesIn } from './piece-grid.ts'

const spaces = fc.record({
  pieceCount: fc.integer({ min: 0, max: 600_000 }),
  width: fc.integer({ min: 200, max: 3600 }),
  heightMax: fc.integer({ min: 40, max: 400 }),
  density: fc.constantFrom(1, 1.25, 1.5, 2, 2.625, 3),
})

test('every piece has exactly one cell, inside of the canvas', () => {
  fc.assert(
    fc.property(spaces, space => {
      const grid = layOutGrid(space)
      expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(grid.cellCount)
      let next = 0
      for (let cell = 0; cell < grid.cellCount; cell += 1) {
        const [begin, end] = piecesIn(grid, cell, space.pieceCount)
        if (begin !== next || end <= begin) throw new Error(`cell ${cell}: ${begin} to ${end}`)
        next = end
      }
      expect(next).toBe(space.pieceCount)
    }),
    { numRuns: 60 },
  )
})

test('the map never grows over the height it was given', () => {
  fc.assert(
    fc.property(spaces, space => {
      const grid = layOutGrid(space)
      expect(grid.height).toBeLessThanOrEqual(Math.ceil(space.heightMax * space.density))
    }),
  )
})

test('boxes are whole pixels, do not overlap, and a point in one finds its cell again', () => {
  fc.assert(
    fc.property(spaces, fc.nat(), (space, draw) => {
      const grid = layOutGrid(space)
      if (grid.cellCount === 0) return
      const cell = draw % grid.cellCount
      const box = boxOf(grid, cell)
      expect([box.left, box.top, box.width, box.height].every(Number.isInteger)).toBe(true)
      expect(box.left + box.width).toBeLessThanOrEqual(grid.width)
      const middle = cellAt(grid, box.left + box.width / 2, box.top + box.height / 2)
      expect(middle).toBe(cell)
      if (cell % grid.columns > 0) {
        const before = boxOf(grid, cell - 1)
        expect(before.left + before.width).toBeLessThanOrEqual(box.left)
      }
    }),
  )
})

describe('cells', () => {
  test('few pieces make one row over the whole width', () => {
    const grid = layOutGrid({ pieceCount: 5, width: 500, heightMax: 100, density: 1 })
    expect([grid.rows, grid.columns]).toEqual([1, 5])
    expect(boxOf(grid, 4)).toMatchObject({ left: 400, top: 0 })
  })

  test('half a million pieces share cells', () => {
    const grid = layOutGrid({ pieceCount: 524_288, width: 320, heightMax: 120, density: 2 })
    expect(grid.piecesPerCell).toBeGreaterThan(1)
    expect(cellOf(grid, 524_287)).toBe(grid.cellCount - 1)
  })

  test('a point below, beside or in no cell finds none', () => {
    const grid = layOutGrid({ pieceCount: 151, width: 700, heightMax: 100, density: 1 })
    expect(cellAt(grid, -1, 0)).toBeNull()
    expect(cellAt(grid, 0, grid.height)).toBeNull()
    expect(cellAt(grid, grid.width - 1, grid.height - 1)).toBeNull()
  })
})
