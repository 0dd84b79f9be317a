import { expect, test } from 'vitest'
import type { SubtitleTrack } from '../../../src/api/index.ts'
import { memoryOf } from '../storage.ts'
import { rememberedTrack, rememberTrack, trackAfter } from './track-choice.ts'

const track = (language: string, label = language): SubtitleTrack => ({
  file: 0,
  label,
  language,
  url: '',
})

const forgetful = () =>
  memoryOf(() => {
    throw new Error('no store')
  })

test('the key begins with the language of the viewer and ends with none', () => {
  const tracks = [track('fr'), track('de'), track('en')]
  const languages = ['en-GB', 'de']
  const first = trackAfter(tracks, -1, languages)
  const second = trackAfter(tracks, first, languages)
  const third = trackAfter(tracks, second, languages)
  expect([first, second, third]).toEqual([2, 1, 0])
  expect(trackAfter(tracks, third, languages)).toBe(-1)
  expect(trackAfter([], -1, languages)).toBe(-1)
})

test('of a language that nobody asked for the first is taken', () => {
  expect(trackAfter([track('fr'), track('')], -1, ['ja'])).toBe(0)
})

test('the next episode is shown with the subtitles of the last, wherever they stand in its list', () => {
  const memory = forgetful()
  rememberTrack(memory, [track('en'), track('en', 'en forced')], 1)
  expect(rememberedTrack(memory, [track('en', 'en forced'), track('en')])).toBe(0)
  expect(rememberedTrack(memory, [track('en')])).toBe(-1)
})

test('who switched them off is left without', () => {
  const memory = forgetful()
  const tracks = [track('en')]
  expect(rememberedTrack(memory, tracks)).toBe(-1)
  rememberTrack(memory, tracks, 0)
  rememberTrack(memory, tracks, -1)
  expect(rememberedTrack(memory, tracks)).toBe(-1)
})
