import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatAddress } from '../../core/bytes/index.ts'
import { BOOTSTRAP_DEFAULTS } from '../../core/services/bootstrap/index.ts'
import { readSettingsFile, SettingsError, serviceOptions } from './settings.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'settings-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('with nothing said the defaults are taken', () => {
  const options = serviceOptions({})
  expect(options.listen.map(formatAddress)).toEqual(['0.0.0.0:6881', '[::]:6881'])
  expect(options).toMatchObject({ ...BOOTSTRAP_DEFAULTS, transport: 'auto' })
})

test('what processes may hold together is shared out among them', () => {
  const options = serviceOptions({ processes: 4, nodesMax: 1000, perNetwork: 8 })
  expect(options).toMatchObject({ nodesMax: 250, perNetworkMax: 2, waitingMax: 125_000 })
  expect(serviceOptions({ processes: 16 }).perNetworkMax).toBe(1)
})

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['1.5h', 5_400_000],
  ['20ms', 20],
])('a wait of %s is %i ms', (text, ms) => {
  expect(serviceOptions({ probation: text }).probationMs).toBe(ms)
})

test.each([
  [{ listen: ['1.2.3.4'] }, /--listen/],
  [{ listen: ['example.com:6881'] }, /--listen/],
  [{ listen: ['1.2.3.4:99999'] }, /--listen/],
  [{ probation: '15' }, /--probation/],
  [{ probation: '25h' }, /--probation/],
  [{ answer: 0 }, /--answer/],
  [{ answer: 33 }, /--answer/],
  [{ answer: 1.5 }, /--answer/],
  [{ nodesMax: 2 ** 24 }, /--nodes-max/],
  [{ perNetwork: 0 }, /--per-network/],
  [{ rate: 0 }, /--rate/],
  [{ rate: 101 }, /--rate/],
  [{ burst: 0 }, /--burst/],
  [{ processes: 65 }, /--processes/],
  [{ processes: 2, listen: ['1.2.3.4:0'] }, /not 0/],
])('%j is refused in a sentence that names the option', (settings, message) => {
  expect(() => serviceOptions(settings)).toThrow(SettingsError)
  expect(() => serviceOptions(settings)).toThrow(message)
})

test('a file gives the same settings as the command line', async () => {
  const file = path.join(folder, 'good.json')
  const settings = { listen: ['1.2.3.4:6881'], processes: 2, probation: '1m', rate: 5 }
  await writeFile(file, JSON.stringify(settings))
  expect(await readSettingsFile(file)).toEqual(settings)
})

test.each([
  ['no JSON', 'listen = 6881'],
  ['an unknown name', '{ "listens": [] }'],
  ['a wrong type', '{ "processes": "two" }'],
  ['an empty list', '{ "listen": [] }'],
])('a file with %s is refused', async (_, text) => {
  const file = path.join(folder, 'bad.json')
  await writeFile(file, text)
  await expect(readSettingsFile(file)).rejects.toThrow(SettingsError)
})

test('a file that is not there is refused', async () => {
  await expect(readSettingsFile(path.join(folder, 'none.json'))).rejects.toThrow(/cannot be read/)
})
