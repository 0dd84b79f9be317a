// One suite for every disk: Node's on a real directory, and the simulator's.
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DiskRead, DiskWrite, WorldInput } from '../src/core/world/index.ts'
import { Disk } from '../src/node/disk.ts'
import { SimDisk } from './disk.ts'
import { SeededLuck } from './random.ts'

type Ask = (effect: DiskRead | DiskWrite) => Promise<WorldInput>

interface Subject {
  readonly ask: Ask
  close(): Promise<void>
}

function nodeDisk(root: string): Subject {
  const waiting = new Map<number, (input: WorldInput) => void>()
  const disk = new Disk(root, input => {
    if ('request' in input) waiting.get(input.request)?.(input)
  })
  return {
    ask: effect =>
      new Promise(resolve => {
        waiting.set(effect.request, resolve)
        if (effect.kind === 'disk-read') disk.read(effect)
        else disk.write(effect)
      }),
    close: () => disk.close(),
  }
}

function simDisk(): Subject {
  const disk = new SimDisk(new SeededLuck(1))
  return { ask: async effect => disk.perform(effect, 0).answer(), close: async () => {} }
}

const text = (words: string) => new TextEncoder().encode(words)
let requests = 0
const write = (path: string, position: number, bytes: Uint8Array | null, isDurable = false) =>
  ({ kind: 'disk-write', request: ++requests, path, position, bytes, isDurable }) as const
const read = (path: string, position: number, size: number) =>
  ({ kind: 'disk-read', request: ++requests, path, position, size }) as const

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'disk-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

describe.each([
  ['node', () => nodeDisk(join(root, 'store'))],
  ['simulator', simDisk],
])('the disk of the %s', (_name, open) => {
  let subject: Subject
  beforeEach(() => {
    subject = open()
  })
  afterEach(() => subject.close())

  const readText = async (path: string, position: number, size: number) => {
    const answer = await subject.ask(read(path, position, size))
    return answer.kind === 'disk-read-done' ? new TextDecoder().decode(answer.bytes) : answer
  }

  test('what is written is read back, with the number of its request', async () => {
    const effect = write('a/b/c.bin', 0, text('hello'))
    expect(await subject.ask(effect)).toEqual({ kind: 'disk-written', request: effect.request })
    expect(await readText('a/b/c.bin', 1, 3)).toBe('ell')
  })

  test('a read over the end of a file is shorter than asked for', async () => {
    await subject.ask(write('a', 0, text('hello')))
    expect(await readText('a', 3, 100)).toBe('lo')
    expect(await readText('a', 50, 100)).toBe('')
  })

  test('a read of a file that is not there fails as missing', async () => {
    expect(await subject.ask(read('none/at/all', 0, 1))).toMatchObject({ reason: 'missing' })
  })

  test('a write beyond the end leaves zeros between', async () => {
    await subject.ask(write('a', 0, text('x')))
    await subject.ask(write('a', 3, text('y')))
    expect(await readText('a', 0, 10)).toBe('x\0\0y')
  })

  test('a write within a file changes nothing else', async () => {
    await subject.ask(write('a', 0, text('hello')))
    await subject.ask(write('a', 1, text('a')))
    expect(await readText('a', 0, 10)).toBe('hallo')
  })

  test('empty bytes set the size, and make an empty file where there is none', async () => {
    await subject.ask(write('a', 0, text('hello')))
    await subject.ask(write('a', 2, new Uint8Array(0)))
    expect(await readText('a', 0, 10)).toBe('he')
    await subject.ask(write('a', 4, new Uint8Array(0)))
    expect(await readText('a', 0, 10)).toBe('he\0\0')
    await subject.ask(write('empty', 0, new Uint8Array(0)))
    expect(await readText('empty', 0, 10)).toBe('')
  })

  test('a deleted file is missing, and may be made again', async () => {
    await subject.ask(write('a/b', 0, text('hello'), true))
    await subject.ask(write('a/b', 0, null))
    expect(await subject.ask(read('a/b', 0, 1))).toMatchObject({ reason: 'missing' })
    expect(await subject.ask(write('a/b', 0, null))).toMatchObject({ kind: 'disk-written' })
    await subject.ask(write('a/b', 0, text('again')))
    expect(await readText('a/b', 0, 10)).toBe('again')
  })

  test('a durable write is answered like any other', async () => {
    const effect = write('deep/er/a', 0, text('hello'), true)
    expect(await subject.ask(effect)).toEqual({ kind: 'disk-written', request: effect.request })
  })

  test('many requests at once on many files all find their answers', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `many/${index}`)
    await Promise.all(names.map(name => subject.ask(write(name, 0, text(name)))))
    expect(await Promise.all(names.map(name => readText(name, 0, 100)))).toEqual(names)
  })
})

test('the last file of a folder takes the folder with it, and never the store itself', async () => {
  const subject = nodeDisk(join(root, 'store'))
  await subject.ask(write('a/b/c', 0, text('1')))
  await subject.ask(write('a/d', 0, text('2')))
  await subject.ask(write('a/b/c', 0, null))
  expect(await readdir(join(root, 'store', 'a'))).toEqual(['d'])
  await subject.ask(write('a/d', 0, null))
  expect(await readdir(join(root, 'store'))).toEqual([])
  await subject.close()
})

test('a write to a path that a folder has fails, and says whose fault it is', async () => {
  const subject = nodeDisk(join(root, 'store'))
  await subject.ask(write('a/b', 0, text('1')))
  expect(await subject.ask(write('a', 0, text('1')))).toMatchObject({
    kind: 'disk-failed',
    reason: 'denied',
  })
  await subject.close()
})

test('at most 64 files stay open', async () => {
  const subject = nodeDisk(join(root, 'store'))
  for (let index = 0; index < 100; index++) await subject.ask(write(`f${index}`, 0, text('1')))
  if (process.platform === 'linux') {
    const store = join(root, 'store')
    const { readlinkSync, readdirSync } = await import('node:fs')
    const targets = readdirSync('/proc/self/fd').map(descriptor => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`)
      } catch {
        return ''
      }
    })
    expect(targets.filter(target => target.startsWith(store)).length).toBeLessThanOrEqual(64)
  }
  await subject.close()
})

test('a file that somebody took away is not made anew with a hole before its next bytes', async () => {
  const subject = nodeDisk(join(root, 'store'))
  await subject.ask(write('a', 0, text('hello')))
  rmSync(join(root, 'store', 'a'))
  // Enough others to close it.
  for (let index = 0; index < 80; index++) await subject.ask(write(`f${index}`, 0, text('1')))
  expect(await subject.ask(write('a', 5, text('!')))).toMatchObject({ reason: 'missing' })
  await subject.close()
})
