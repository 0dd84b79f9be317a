import { expect, test } from 'vitest'
import { toWebVtt } from './subtitles.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('SubRip times get points, and positions behind them are dropped', () => {
  const srt = '1\r\n00:00:01,000 --> 00:00:02,5  X1:40 X2:600\r\nA, b\r\n\r\n'
  expect(toWebVtt(bytes(srt))).toBe('WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.500\nA, b\n\n')
})

test('an hour of one digit is padded, one of three is kept', () => {
  expect(toWebVtt(bytes('1:00:01,000 --> 100:00:02,000'))).toBe(
    'WEBVTT\n\n01:00:01.000 --> 100:00:02.000',
  )
})

test('WebVTT stays as it is, without its byte order mark', () => {
  expect(toWebVtt(bytes('\uFEFFWEBVTT\n\n00:01.000 --> 00:02.000\nx'))).toBe(
    'WEBVTT\n\n00:01.000 --> 00:02.000\nx',
  )
})

test('UTF-16 and Windows-1252 are read by their marks and faults', () => {
  expect(toWebVtt(Uint8Array.of(0xff, 0xfe, 0xe9, 0))).toBe('WEBVTT\n\né')
  expect(toWebVtt(Uint8Array.of(0xfe, 0xff, 0, 0xe9))).toBe('WEBVTT\n\né')
  expect(toWebVtt(Uint8Array.of(0x63, 0xe9))).toBe('WEBVTT\n\ncé')
})
