import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeFolder } from './make-folder.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'folder-'))
})
afterEach(() => rmSync(root, { recursive: true }))

test('missing parents are made, and what is there stays', () => {
  makeFolder(join(root, 'a', 'b', 'c'))
  makeFolder(join(root, 'a', 'b', 'c'))
  expect(statSync(join(root, 'a/b/c')).isDirectory()).toBe(true)
})

test('a file in the way, at the end or before it, is an error', () => {
  writeFileSync(join(root, 'file'), '')
  expect(() => makeFolder(join(root, 'file'))).toThrow(/ENOTDIR|EEXIST|ENOENT/)
  expect(() => makeFolder(join(root, 'file', 'below'))).toThrow(/ENOTDIR|EEXIST|ENOENT/)
})

test.runIf(process.platform === 'linux')('where nothing can be made it ends', () => {
  expect(() => makeFolder('/proc/torrent-live/store')).toThrow(/ENOENT/)
})
