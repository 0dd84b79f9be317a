// The tree's own rules: who may import whom, and what may not stand anywhere. See docs/architecture.md.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const LINES_MAX = 500

/** Rooms from the lowest floor up; rooms of one row are neighbours and never import one another. */
const FLOORS: readonly (readonly string[])[] = [
  ['src/core/bytes'],
  ['src/core/world'],
  ['src/core/wire'],
  ['src/core/storage'],
  ['src/core/dht', 'src/core/swarm'],
  ['src/core/services/bootstrap'],
  ['src/core/client', 'src/api'],
  ['src/node'],
  ['src/server'],
  ['src/cli'],
  ['src'],
]
const ROOMS = FLOORS.flatMap((rooms, floor) => rooms.map(room => [room, floor] as const))

/** Files that are entered from outside of the tree: published doors, workers and the commands' start. */
const DOORS =
  /^src\/(index|dht|bootstrap|wire)\.ts$|^src\/cli\/main\.ts$|-worker\.ts$|^src\/core\/platform\.d\.ts$/

interface Source {
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

const isTest = (path: string) => /\.(test|fuzz|sim)\.ts$/.test(path)

function sourcesUnder(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name) && !name.includes('node_modules'))
    .map(name => readSource(join(folder, name).split(sep).join('/')))
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
    match => match[1] ?? '',
  )
  const imports = specifiers.map(name =>
    relative(ROOT, resolve(ROOT, dirname(path), name))
      .split(sep)
      .join('/'),
  )
  return { path, text, imports }
}

function roomOf(path: string): readonly [room: string, floor: number] {
  const rooms = ROOMS.filter(([room]) => path.startsWith(`${room}/`))
  return rooms.reduce((deepest, room) => (room[0].length > deepest[0].length ? room : deepest))
}

const product = sourcesUnder('src')
const page = sourcesUnder('web/src')
const everything = [...product, ...page, ...sourcesUnder('sim'), ...sourcesUnder('test')]

test('the tree has files in every room, so that the tests below check something', () => {
  for (const [room] of ROOMS) {
    expect(
      product.some(source => source.path.startsWith(`${room}/`)),
      room,
    ).toBe(true)
  }
})

test('a file imports from its own room or enters a lower floor by its index', () => {
  const wrong: string[] = []
  for (const source of product) {
    if (isTest(source.path)) continue
    const [room, floor] = roomOf(source.path)
    for (const target of source.imports) {
      const [targetRoom, targetFloor] = roomOf(target)
      if (targetRoom === room) continue
      const isDoor = target === `${targetRoom}/index.ts` || !targetRoom.startsWith('src/core/')
      if (targetFloor >= floor || !isDoor) wrong.push(`${source.path} imports ${target}`)
    }
  }
  expect(wrong).toEqual([])
})

test('no file has more than 500 lines', () => {
  const long = everything.filter(({ text }) => text.split('\n').length - 1 > LINES_MAX)
  expect(long.map(source => source.path)).toEqual([])
})

test('nothing draws luck or time from the platform in the core and the simulator', () => {
  const pure = everything.filter(({ path }) => /^(src\/core|src\/api|sim)\//.test(path))
  const wrong = pure.filter(({ path, text }) => {
    if (path.endsWith('.fuzz.ts')) return false
    return /Math\.random|Date\.now|new Date\(|setTimeout|setInterval/.test(text)
  })
  expect(wrong.map(source => source.path)).toEqual([])
})

test('nothing is left for later without an issue', () => {
  const mark = new RegExp(['TO', 'DO|FIX', 'ME|XX', 'X\\b'].join(''))
  const wrong = everything.filter(({ text }) => mark.test(text))
  expect(wrong.map(source => source.path)).toEqual([])
})

test('no file is without someone who imports it', () => {
  const imported = new Set(
    [...product, ...page].filter(({ path }) => !isTest(path)).flatMap(source => source.imports),
  )
  const alone = product.filter(
    ({ path }) => !isTest(path) && !DOORS.test(path) && !imported.has(path),
  )
  expect(alone.map(source => source.path)).toEqual([])
})
