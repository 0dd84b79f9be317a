import { describe, expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { Availability } from './availability.ts'
import { PieceSet } from './piece-set.ts'

describe('a set of pieces', () => {
  test('answers as a plain set does', () => {
    const luck = new SeededLuck(3)
    for (const size of [1, 31, 32, 33, 1000]) {
      const [pieces, others] = [new PieceSet(size), new PieceSet(size)]
      const [plain, plainOthers] = [new Set<number>(), new Set<number>()]
      for (let step = 0; step < 2000; step++) {
        const piece = luck.below(size)
        if (luck.chance(0.5))
          expect(pieces.add(piece)).toBe(!plain.has(piece) && !!plain.add(piece))
        else expect(pieces.remove(piece)).toBe(plain.delete(piece))
        if (luck.chance(0.5)) plainOthers.add(piece) && others.add(piece)
        const from = luck.below(size)
        const firstOf = (among: Iterable<number>) => {
          const later = [...among].filter(each => each >= from)
          return later.length === 0 ? -1 : Math.min(...later)
        }
        expect(pieces.first(from)).toBe(firstOf(plain))
        const common = [...plain].filter(each => plainOthers.has(each))
        expect(pieces.firstCommon(from, others)).toBe(firstOf(common))
        expect(pieces.count).toBe(plain.size)
        expect(pieces.countCommon(others)).toBe(common.length)
      }
    }
  })

  test('reads a bit field as BEP 3 writes it, whatever its length', () => {
    const pieces = new PieceSet(20)
    pieces.readField(Uint8Array.from([0x80, 0x01, 0xff, 0xff]))
    expect([...Array(20).keys()].filter(piece => pieces.has(piece))).toEqual([
      0, 15, 16, 17, 18, 19,
    ])
    pieces.readField(Uint8Array.from([0x40]))
    expect([...Array(20).keys()].filter(piece => pieces.has(piece))).toEqual([1])
  })
})

/** Ten openable pieces. */
function ten(): Availability {
  const availability = new Availability(10)
  for (let piece = 0; piece < 10; piece++) {
    availability.addOpenable(piece)
    availability.setLacking(piece, true)
  }
  return availability
}

describe('what to begin next', () => {
  test('is in order where all peers have everything', () => {
    const availability = ten()
    availability.setAll(0)
    availability.setAll(1)
    expect(availability.nextFor(1)).toBe(0)
    availability.removeOpenable(0)
    expect(availability.nextFor(1)).toBe(1)
  })

  test('is the rarest while fewer than four peers have it, and in order beyond', () => {
    const availability = ten()
    availability.setAll(0)
    for (const piece of [0, 1, 2, 4, 5]) availability.add(1, piece)
    for (const piece of [0, 1, 4, 5]) availability.add(2, piece)
    expect(availability.nextFor(0)).toBe(3)
    for (const piece of [3, 6, 7, 8, 9]) availability.removeOpenable(piece)
    expect(availability.nextFor(0)).toBe(2)
    availability.setAll(3)
    expect(availability.nextFor(0)).toBe(2)
    availability.setAll(4)
    expect(availability.nextFor(0)).toBe(0)
  })

  test('is never a piece that the peer lacks', () => {
    const availability = ten()
    availability.setField(0, Uint8Array.from([0x00, 0x40]))
    expect(availability.nextFor(0)).toBe(9)
    availability.lose(0, 9)
    expect(availability.nextFor(0)).toBe(-1)
    expect(availability.isInteresting(0)).toBe(false)
  })

  test('keeps its counts through every kind of coming and going', () => {
    const luck = new SeededLuck(5)
    const availability = ten()
    const has = new Map<number, Set<number>>()
    const lacking = new Set([...Array(10).keys()])
    for (let step = 0; step < 5000; step++) {
      const [slot, piece] = [luck.below(5), luck.below(10)]
      const pieces = has.get(slot) ?? new Set<number>()
      has.set(slot, pieces)
      const act = luck.below(6)
      if (act === 0) {
        availability.add(slot, piece)
        pieces.add(piece)
      } else if (act === 1) {
        availability.lose(slot, piece)
        pieces.delete(piece)
      } else if (act === 2 && luck.chance(0.2)) {
        availability.setAll(slot)
        for (let each = 0; each < 10; each++) pieces.add(each)
      } else if (act === 3 && luck.chance(0.2)) {
        availability.leave(slot)
        pieces.clear()
      } else if (act === 4) {
        availability.setLacking(
          piece,
          luck.chance(0.5) ? !!lacking.add(piece) : lacking.delete(piece) && false,
        )
      } else if (act === 5) {
        const field = luck.bytes(2)
        availability.setField(slot, field)
        pieces.clear()
        for (let each = 0; each < 10; each++) {
          if (((field[each >> 3] as number) & (0x80 >> (each & 7))) !== 0) pieces.add(each)
        }
      }
      expect(availability.has(slot, piece)).toBe(pieces.has(piece))
      expect(availability.isInteresting(slot)).toBe([...pieces].some(each => lacking.has(each)))
    }
  })
})
