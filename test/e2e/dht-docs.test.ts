import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { transform } from 'esbuild'
import { expect, test } from 'vitest'
import { DhtNode } from '../../src/core/dht/index.ts'
import { open } from '../../src/dht.ts'
import { sha1, systemLuck } from '../../src/node/open-dht.ts'

/** The examples of docs/dht.md, without their imports. */
async function examples(): Promise<string[]> {
  const text = await readFile(path.resolve(import.meta.dirname, '../../docs/dht.md'), 'utf8')
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(match =>
    (match[1] as string).replace(/^import .*$/gm, ''),
  )
}

/** Runs an example as the body of an async function that has these names in scope. */
async function runExample(source: string, scope: Record<string, unknown>): Promise<void> {
  const whole = `return (async () => {${source}})()`
  const { code } = await transform(whole, { loader: 'ts', target: 'node20', tsconfigRaw: '{}' })
  await new Function(...Object.keys(scope), code)(...Object.values(scope))
}

test('the library’s example opens a node, looks up and closes', async () => {
  const [library] = await examples()
  const directory = await mkdtemp(path.join(os.tmpdir(), 'dht-docs-'))
  await using server = await open({
    routers: [],
    families: ['ipv4'],
    bind: { ipv4: '127.0.88.1' },
    isServing: true,
    allowPrivate: true,
  })
  const infohash = randomBytes(20)
  const routers = [{ host: '127.0.88.1', port: server.ports.ipv4! }]
  const announcer = await open({
    routers,
    families: ['ipv4'],
    bind: { ipv4: '127.0.88.2' },
    allowPrivate: true,
  })
  for await (const _notice of announcer.run({ kind: 'announce', infohash, port: 9 }));
  await announcer.close()
  const printed: unknown[] = []
  const openHere = () =>
    open({ routers, families: ['ipv4'], allowPrivate: true, stateDirectory: directory })
  await runExample(library as string, {
    open: openHere,
    infohash,
    console: { log: (line: unknown) => printed.push(line) },
  })
  expect(printed).toEqual([{ ip: Uint8Array.of(127, 0, 88, 2), port: 9 }])
  await rm(directory, { recursive: true })
})

test('the bare machine’s example asks for its router', async () => {
  const [, machine] = await examples()
  const performed: unknown[] = []
  await runExample(machine as string, {
    DhtNode,
    luck: systemLuck,
    sha1,
    infohash: randomBytes(20),
    nowMs: 0,
    perform: (effect: unknown) => performed.push(effect),
  })
  expect(performed).toMatchObject([{ kind: 'resolve', host: 'router.example' }])
})
