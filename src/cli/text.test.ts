import { expect, test } from 'vitest'
import { cut, formatBytes, formatPercent, formatSeconds, padTo, safeText, widthOf } from './text.ts'

test('escape sequences, line breaks and direction marks never reach the terminal', () => {
  const evil = 'a\x1b[2J\r\n\x07\u009b31m\u202egpj.exe\u2028\u200b\u2066z\ud800'
  const safe = safeText(evil)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(safe).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u200b\ud800]/)
  expect(safe.startsWith('a\ufffd[2J')).toBe(true)
})

test('ordinary names of any script pass unchanged', () => {
  for (const name of ['Größe – 2.mkv', '日本語.mp4', 'ไทย', '👩‍🚀 film'.replace('\u200d', '')])
    expect(safeText(name)).toBe(name)
})

test('wide letters and pictures count two columns, marks none', () => {
  expect([widthOf('abc'), widthOf('日本'), widthOf('e\u0301'), widthOf('🎬')]).toEqual([3, 4, 1, 2])
})

test.each([0, 1, 2, 3, 5, 8, 40])('a cut text is at most %i columns wide', columns => {
  for (const text of ['', 'abcdefgh', '日本語の名前', 'e\u0301e\u0301e\u0301e\u0301'])
    expect(widthOf(cut(text, columns))).toBeLessThanOrEqual(columns)
})

test('a fitted text is exactly as wide as asked', () => {
  for (const text of ['', 'abc', '日本語の名前', 'abcdefghijk'])
    expect(widthOf(padTo(text, 7))).toBe(7)
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [12_345_678, '12.3 MB'],
  [999_600, '1.00 MB'],
  [8_589_934_592, '8.59 GB'],
  [100e12, '100 TB'],
])('%i bytes read %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test.each([
  [0.2, '1 s'],
  [59, '59 s'],
  [60, '1 min 00 s'],
  [3605, '1 h 00 min'],
  [90_000, '25 h 00 min'],
  [864_000, '10 d'],
])('%f seconds read %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text)
})

test('100 % is said only when everything is there', () => {
  expect([formatPercent(999_999, 1_000_000), formatPercent(5, 5), formatPercent(0, 0)]).toEqual([
    '99 %',
    '100 %',
    '0 %',
  ])
})
