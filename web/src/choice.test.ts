import { describe, expect, test } from 'vitest'
import type { FileView, MediaKind } from '../../src/api/index.ts'
import { coverOf, defaultFile, inOrder, neighbour, orderOf } from './choice.ts'

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

const shownFirst = (files: readonly FileView[], last: string | null) =>
  defaultFile(files, orderOf(files), last)

describe('what is shown first', () => {
  test('the film wins over its sample, wherever it lies', () => {
    const film = file('Film/z.mkv', 'video', 90_000)
    expect(shownFirst([file('Film/a-sample.mkv', 'video', 900), film], null)).toBe(film)
  })

  test('of a series the first episode, in the order of people and not of bytes', () => {
    const second = file('S/2.mkv', 'video', 1200)
    const tenth = file('S/10.mkv', 'video', 1300)
    const trailer = file('S/0 trailer.mkv', 'video', 10)
    expect(shownFirst([tenth, trailer, second], null)).toBe(second)
  })

  test('what was shown last wins, if it is still there', () => {
    const one = file('1.mp4', 'video')
    const two = file('2.mp4', 'video')
    expect(shownFirst([one, two], String(two.index))).toBe(two)
    expect(shownFirst([one, two], '99999')).toBe(one)
  })

  test('a cover is no reason to leave the music unplayed', () => {
    const song = file('b.mp3', 'audio', 10)
    expect(shownFirst([file('a.jpg', 'image', 9999), song], null)).toBe(song)
  })

  test('no files show nothing', () => {
    expect(shownFirst([], null)).toBeNull()
  })
})

test('the next file is the next that plays, and after the last comes none', () => {
  const files = [file('10.mp4', 'video'), file('2.mp4', 'video'), file('2.txt', 'text')]
  const order = orderOf(files)
  const [first, , last] = inOrder(files, order)
  expect([first?.path, last?.path]).toEqual(['2.mp4', '10.mp4'])
  expect(neighbour(files, order, { current: first!, step: 1 })).toBe(last)
  expect(neighbour(files, order, { current: last!, step: -1 })).toBe(first)
  expect(neighbour(files, order, { current: last!, step: 1 })).toBeNull()
  expect(neighbour(files, order, { current: first!, step: -1 })).toBeNull()
})

test('a sample or a trailer is never the next', () => {
  const film = file('Film/a film.mp4', 'video')
  const asides = ['Film/Sample/x.mp4', 'Film/b-sample.mkv', 'Film/c.trailer.mp4'].map(path =>
    file(path, 'video'),
  )
  const resampled = file('Film/resampled.mp4', 'video')
  const files = [film, ...asides, resampled]
  expect(neighbour(files, orderOf(files), { current: film, step: 1 })).toBe(resampled)
})

test('pictures follow pictures', () => {
  const files = [file('1.jpg', 'image'), file('2.mp3', 'audio'), file('3.jpg', 'image')]
  const next = neighbour(files, orderOf(files), { current: files[0]!, step: 1 })
  expect(next).toBe(files[2])
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
