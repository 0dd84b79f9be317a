// The examples of docs/bootstrap.md, run as they stand, against the built package by its own name.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const REPOSITORY = path.join(import.meta.dirname, '../..')

async function examples(): Promise<string[]> {
  const text = await readFile(path.join(REPOSITORY, 'docs/bootstrap.md'), 'utf8')
  return [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(match => match[1] as string)
}

async function outputOf(script: string): Promise<string> {
  const words = ['--input-type=module', '--eval', script]
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: REPOSITORY })
  return stdout
}

test('the example of an open server runs', async () => {
  const [open = ''] = await examples()
  expect(await outputOf(open)).toMatch(/^listening on port \d+, 0 nodes\n$/)
})

test('the example of the pure machine runs', async () => {
  const [, machine = ''] = await examples()
  expect(await outputOf(machine)).toBe('59 bytes to 81.2.3.4:6881\n')
})
