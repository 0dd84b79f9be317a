import { expect, test } from 'vitest'
import { browserFor, playerFor, start } from './programs.ts'

const URL = 'http://127.0.0.1:7070/?a=1&b=2'
const system = (platform: NodeJS.Platform, environment = {}) => ({ platform, environment })

test('the browser is opened by what each system has for it, through no shell', () => {
  expect(browserFor(URL, system('darwin'))).toEqual({ command: 'open', words: [URL] })
  expect(browserFor(URL, system('win32'))).toEqual({
    command: 'rundll32.exe',
    words: ['url.dll,FileProtocolHandler', URL],
  })
  expect(browserFor(URL, system('linux', { WAYLAND_DISPLAY: 'wayland-0' }))).toEqual({
    command: 'xdg-open',
    words: [URL],
  })
})

test('without a screen no browser is tried', () => {
  expect(browserFor(URL, system('linux', { DISPLAY: '' }))).toBe(undefined)
})

test('a player that is in none of its usual places is looked for on the path', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const)
    expect(playerFor('mpv', URL, system(platform, { ProgramFiles: '/nowhere' }))).toEqual({
      command: 'mpv',
      words: [URL],
    })
})

test('a program that is not there is told by false, not by a crash', async () => {
  expect(await start({ command: '/nowhere/at/all', words: [] })).toBe(false)
})
