import { describe, expect, test } from 'vitest'
import type { FileView, MediaKind } from '../../src/api/index.ts'
import { coverOf, defaultFile, inOrder, neighbour } from './choice.ts'

let nextIndex = 0
const file = (path: string, kind: MediaKind, bytes = 1000): FileView => ({
  index: nextIndex++,
  path,
  bytes,
  offsetBytes: 0,
  verifiedBytes: 0,
  contiguousBytes: 0,
  isWanted: true,
  kind,
  mime: 'application/octet-stream',
  url: `/stream/x/${nextIndex}/x`,
})

describe('what is shown first', () => {
  test('the film wins over its sample, wherever it lies', () => {
    const film = file('Film/z.mkv', 'video', 90_000)
    expect(defaultFile([file('Film/a-sample.mkv', 'video', 900), film], null)).toBe(film)
  })

  test('of a series the first episode, in the order of people and not of bytes', () => {
    const second = file('S/2.mkv', 'video', 1200)
    const tenth = file('S/10.mkv', 'video', 1300)
    const trailer = file('S/0 trailer.mkv', 'video', 10)
    expect(defaultFile([tenth, trailer, second], null)).toBe(second)
  })

  test('what was shown last wins, if it is still there', () => {
    const one = file('1.mp4', 'video')
    const two = file('2.mp4', 'video')
    expect(defaultFile([one, two], String(two.index))).toBe(two)
    expect(defaultFile([one, two], '99999')).toBe(one)
  })

  test('a cover is no reason to leave the music unplayed', () => {
    const song = file('b.mp3', 'audio', 10)
    expect(defaultFile([file('a.jpg', 'image', 9999), song], null)).toBe(song)
  })

  test('no files show nothing', () => {
    expect(defaultFile([], null)).toBeNull()
  })
})

test('the next file is the next that plays, and after the last comes none', () => {
  const files = [file('2.mp4', 'video'), file('1.mp4', 'video'), file('1.txt', 'text')]
  const [first, , last] = inOrder(files)
  expect(neighbour(files, first!, 1)).toBe(last)
  expect(neighbour(files, last!, 1)).toBeNull()
  expect(neighbour(files, first!, -1)).toBeNull()
})

test('a song is shown with the cover beside it, else with the one of its album, else with none', () => {
  const song = file('Album/CD 1/a.flac', 'audio')
  const above = file('Album/Cover.jpg', 'image')
  const beside = file('Album/CD 1/folder.png', 'image')
  const elsewhere = file('Other/cover.jpg', 'image')
  const scan = file('Album/CD 1/page 3.jpg', 'image')
  expect(coverOf([above, scan, beside], song)).toBe(beside)
  expect(coverOf([elsewhere, above, scan], song)).toBe(above)
  expect(coverOf([elsewhere, scan], song)).toBeNull()
})
