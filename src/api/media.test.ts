import { expect, test } from 'vitest'
import { type FileView, mediaTypeOf, subtitleTracks } from './index.ts'

const file = (index: number, path: string): FileView => ({
  index,
  path,
  bytes: 1,
  offsetBytes: 0,
  verifiedBytes: 0,
  contiguousBytes: 0,
  isWanted: true,
  ...mediaTypeOf(path),
  url: '',
})

const tracksOf = (video: number, ...names: string[]) => {
  const files = names.map((name, index) => file(index, name))
  return subtitleTracks({ infohash: 'aa', files, video: files[video]! })
}

test('the kind of a file follows its last extension in any case', () => {
  expect(mediaTypeOf('A.b/Film.x264.MKV')).toEqual({ kind: 'video', mime: 'video/x-matroska' })
  expect(mediaTypeOf('a.srt').kind).toBe('subtitle')
})

test('a file without an extension is unknown, even in a folder that has one', () => {
  expect(mediaTypeOf('a.mp4/README')).toEqual({ kind: 'other', mime: 'application/octet-stream' })
})

test('no file is served as something that a browser would run', () => {
  for (const name of ['a.html', 'a.htm', 'a.svg', 'a.xhtml', 'a.xml', 'a.js', 'a.mjs'])
    expect(mediaTypeOf(name).mime).toBe('text/plain')
})

test('subtitles with the name of a video belong to that video alone', () => {
  const names = ['A.mkv', 'B.mkv', 'A.en.srt', 'B.srt', 'A.fre.forced.vtt']
  expect(tracksOf(0, ...names)).toEqual([
    { file: 2, label: 'en', language: 'en', url: '/subtitles/aa/2.vtt' },
    { file: 4, label: 'fre forced', language: 'fr', url: '/subtitles/aa/4.vtt' },
  ])
  expect(tracksOf(1, ...names)).toEqual([
    { file: 3, label: 'B', language: '', url: '/subtitles/aa/3.vtt' },
  ])
})

test('where there is one video, every subtitle is its own', () => {
  expect(tracksOf(0, 'Film/f.mp4', 'Film/Subs/2_English.srt')).toEqual([
    { file: 1, label: '2 English', language: 'en', url: '/subtitles/aa/1.vtt' },
  ])
})

test('formats that no browser shows are not offered', () => {
  expect(tracksOf(0, 'f.mp4', 'f.ass', 'f.sub', 'f.idx')).toEqual([])
})

test('a torrent with thousands of subtitles offers a menu of at most 64', () => {
  const names = Array.from({ length: 5000 }, (_, index) => `s${index}.srt`)
  expect(tracksOf(0, 'f.mp4', ...names)).toHaveLength(64)
})
