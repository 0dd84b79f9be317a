import { expect, test } from 'vitest'
import type { FileView, MediaKind } from '../../../src/api/index.ts'
import { outsideUrl, playerLinks, showAs } from './playable.ts'

const file = (kind: MediaKind, mime: string): FileView => ({
  index: 0,
  path: 'x',
  bytes: 1,
  offsetBytes: 0,
  verifiedBytes: 0,
  contiguousBytes: 0,
  isWanted: true,
  kind,
  mime,
  url: '/stream/x/0/x',
})

test.each<[MediaKind, string, string, string]>([
  ['video', 'video/mp4', 'maybe', 'play'],
  ['video', 'video/x-msvideo', '', 'outside'],
  ['video', 'video/x-matroska', '', 'play'],
  ['audio', 'audio/flac', 'probably', 'play'],
  ['image', 'image/png', '', 'image'],
  ['other', 'application/zip', '', 'save'],
])('a %s of type %s that the browser calls "%s": %s', (kind, mime, answer, show) => {
  expect(showAs(file(kind, mime), () => answer)).toBe(show)
})

test('players outside are named only where their links work', () => {
  const url = 'http://127.0.0.1:8888/stream/a/0/My%20film.mkv'
  expect(playerLinks(url, 'Mozilla/5.0 (X11; Linux x86_64)')).toEqual([])
  expect(playerLinks(url, 'Mozilla/5.0 (Linux; Android 14)')[0]?.href).toBe(
    'intent://127.0.0.1:8888/stream/a/0/My%20film.mkv#Intent;scheme=http;type=video/*;end',
  )
  expect(playerLinks(url, '(iPhone; CPU iPhone OS 17)')[0]?.href).toContain(encodeURIComponent(url))
  expect(playerLinks(url, '(Macintosh; Intel)')[0]?.href).toMatch(/^iina:/)
})

test('links for outside carry the token that this page was opened with', () => {
  const here = new URL('http://10.0.0.2:8888/?token=abc#/x')
  expect(outsideUrl('/stream/a/0/x.mkv', here)).toBe(
    'http://10.0.0.2:8888/stream/a/0/x.mkv?token=abc',
  )
  expect(outsideUrl('/playlist/a.m3u8', new URL('http://127.0.0.1:1/'))).toBe(
    'http://127.0.0.1:1/playlist/a.m3u8',
  )
})
