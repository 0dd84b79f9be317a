import { expect, test } from 'vitest'
import { titleOf } from './title.ts'

test.each([
  ['Big.Buck.Bunny.2008.1080p.x264-GRP.mkv', 'Big Buck Bunny', ['2008', '1080p']],
  ['Sintel (2010) [720p].mp4', 'Sintel', ['2010', '720p']],
  ['Show.Name.S02E05.WEB-DL.2160p.HEVC-X.mkv', 'Show Name', ['S02E05', '2160p']],
  ['folder/inner/My holiday - Crete.mov', 'My holiday - Crete', []],
  ['2012.2009.1080p.mkv', '2012', ['2009', '1080p']],
  ['Film.2008', 'Film', ['2008']],
  ['v1.2 notes', 'v1.2 notes', []],
  ['clip', 'clip', []],
  ['...', '...', []],
  ['<img src=x onerror=alert(1)>.mp4', '<img src=x onerror=alert 1 >', []],
])('%s is shown as %s', (name, text, tags) => {
  expect(titleOf(name)).toEqual({ text, tags })
})

test('a name of a million letters costs no more than its head', () => {
  expect(titleOf('a'.repeat(1_000_000)).text.length).toBeLessThanOrEqual(300)
})
