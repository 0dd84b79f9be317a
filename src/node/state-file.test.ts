import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultStateDirectory, openStateDirectory } from './state-file.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'state-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const text = (words: string) => new TextEncoder().encode(words)

test('what is saved is loaded by the next process, and the last of several saves stays', async () => {
  const first = openStateDirectory(root)
  first.save('resume/aa', text('1'))
  first.save('resume/aa', text('2'))
  first.save('dht/nodes', text('3'))
  await first.close()
  const second = openStateDirectory(root)
  expect(new TextDecoder().decode(await second.load('resume/aa'))).toBe('2')
  expect(new TextDecoder().decode(await second.load('dht/nodes'))).toBe('3')
  expect(await second.load('resume/bb')).toBeUndefined()
  await second.close()
})

test('saving null forgets', async () => {
  const state = openStateDirectory(root)
  state.save('resume/aa', text('1'))
  state.save('resume/aa', null)
  await state.close()
  expect(readdirSync(root)).not.toContain('resume/aa')
})

test('a second user of the directory is told who has it', async () => {
  const state = openStateDirectory(root)
  expect(() => openStateDirectory(root)).toThrow(
    expect.objectContaining({
      name: 'StateInUse',
      message: expect.stringContaining(`${process.pid}`),
    }),
  )
  await state.close()
  await openStateDirectory(root).close()
})

test('the lock of a process that is gone, or an empty one, does not hold', async () => {
  for (const owner of ['999999999', '']) {
    writeFileSync(join(root, 'lock'), owner)
    await openStateDirectory(root).close()
  }
})

test('a save that fails is kept as a failure and does not end the process', async () => {
  const state = openStateDirectory(root)
  writeFileSync(join(root, 'resume'), 'a file where a folder should be')
  state.save('resume/aa', text('1'))
  await state.close()
  expect(state.failure).toBeInstanceOf(Error)
})

test('each platform has its place for state', () => {
  const at = (platform: NodeJS.Platform, environment: NodeJS.ProcessEnv, home: string) =>
    defaultStateDirectory(platform, environment, home)
  expect(at('linux', {}, '/home/a')).toBe('/home/a/.local/state/torrent-live')
  expect(at('linux', { XDG_STATE_HOME: '/x' }, '/home/a')).toBe('/x/torrent-live')
  expect(at('linux', { XDG_STATE_HOME: 'relative' }, '/h')).toBe('/h/.local/state/torrent-live')
  expect(at('darwin', {}, '/Users/a')).toBe('/Users/a/Library/Application Support/torrent-live')
  expect(at('win32', {}, 'C:\\Users\\a')).toBe('C:\\Users\\a\\AppData\\Local\\torrent-live')
  expect(at('win32', { LOCALAPPDATA: 'D:\\L' }, 'C:\\U')).toBe('D:\\L\\torrent-live')
})
