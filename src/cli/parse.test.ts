import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Machine } from './folders.ts'
import { defaults } from './options.ts'
import { type Parsed, parse, wantsJson } from './parse.ts'
import type { Environment } from './settings.ts'
import { UsageError } from './values.ts'

const HEX = '0123456789abcdef0123456789abcdef01234567'
let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'parse-test-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function read(words: string, environment: Environment = {}): Parsed {
  const machine: Machine = {
    platform: 'linux',
    home,
    environment: { XDG_CONFIG_HOME: home, ...environment },
  }
  return parse({
    words: words.split(' ').filter(word => word !== ''),
    machine,
    version: '1.2.3',
    isColoured: false,
  })
}

function stream(words: string, environment?: Environment) {
  const parsed = read(words, environment)
  if (parsed.kind !== 'stream') throw new Error(`is a ${parsed.kind}`)
  return parsed
}

const config = (value: unknown) => {
  const path = join(home, 'c.json')
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}

test('with a source alone everything is as built in', () => {
  const directory = resolve('store')
  expect(stream(HEX)).toEqual({
    kind: 'stream',
    sources: [HEX],
    settings: { ...defaults, directory },
  })
})

test('every option is read', () => {
  const { settings, sources } = stream(
    `a.torrent ${HEX} films --open --player vlc --file 2 --file *.mkv --exit --remove --store-limit 20G ` +
      '--state st --peer 1.2.3.4:5 --peer [::1]:6,h:7 --bootstrap r:1 --no-dht --allow-private --connections 5 ' +
      '--down 2M --bind 10.0.0.1 --share=ratio:2 --up 1M --port 6881 --http 0 --host :: --json --verbose',
  )
  expect(sources).toEqual([resolve('a.torrent'), HEX])
  expect(settings).toEqual({
    directory: resolve('films'),
    open: true,
    player: 'vlc',
    file: [2, '*.mkv'],
    exit: true,
    remove: true,
    storeLimit: 20e9,
    state: resolve('st'),
    peer: ['1.2.3.4:5', '[::1]:6', 'h:7'],
    bootstrap: ['r:1'],
    dht: false,
    allowPrivate: true,
    connections: 5,
    down: 2e6,
    bind: '10.0.0.1',
    share: { kind: 'full', ratio: 2 },
    up: 1e6,
    port: 6881,
    http: 0,
    host: '::',
    json: true,
    verbose: true,
  })
})

test('a word after a bare --share is a source, not a mode', () => {
  const { sources, settings } = stream(`--share ${HEX}`)
  expect(sources).toEqual([HEX])
  expect(settings.share).toEqual({ kind: 'full', ratio: Number.POSITIVE_INFINITY })
})

test('the command line wins over the environment, that over the config file, that over what is built in', () => {
  const path = config({ connections: 1, down: '1M', up: '1M', peer: ['a:1', 'b:2'], dht: false })
  const environment = { TORRENT_LIVE_CONNECTIONS: '2', TORRENT_LIVE_DOWN: '2M' }
  const { settings } = stream(`${HEX} --connections 3 --config ${path}`, environment)
  expect(settings).toMatchObject({
    connections: 3,
    down: 2e6,
    up: 1e6,
    peer: ['a:1', 'b:2'],
    dht: false,
    port: 0,
  })
  expect(stream(`${HEX} --peer c:3 --config ${path}`).settings.peer).toEqual(['c:3'])
})

test('the environment has the same names, lists with commas and switches with words', () => {
  const { settings } = stream(HEX, {
    TORRENT_LIVE_STORE_LIMIT: '5k',
    TORRENT_LIVE_PEER: 'a:1, b:2',
    TORRENT_LIVE_DHT: 'no',
    TORRENT_LIVE_OPEN: '1',
    TORRENT_LIVE_EXIT: '0',
    TORRENT_LIVE_DIRECTORY: '/films',
    TORRENT_LIVE_HTTP: '',
  })
  expect(settings).toMatchObject({
    storeLimit: 5000,
    peer: ['a:1', 'b:2'],
    dht: false,
    open: true,
    exit: false,
    directory: resolve('/films'),
    http: undefined,
  })
})

test.each<[string, Environment, RegExp]>([
  [`${HEX} findspies`, {}, /not there yet/],
  [`${HEX} --nothing`, {}, /Unknown option "--nothing"\. See torrent-live --help\./],
  [`${HEX} --down`, {}, /argument missing\. See/],
  [`${HEX} --down fast`, {}, /"fast" is no size/],
  [`${HEX} --http 70000`, {}, /"70000" is no port/],
  [`${HEX} --bind foo`, {}, /"foo" is no address: write one of this machine/],
  [`${HEX} --player wmp`, {}, /write mpv or vlc/],
  [HEX, { TORRENT_LIVE_DOWN: 'fast' }, /^TORRENT_LIVE_DOWN: "fast" is no size/],
  [HEX, { TORRENT_LIVE_DWON: '2M' }, /^TORRENT_LIVE_DWON in the environment is no option/],
  [`${HEX} --config /nowhere/c.json`, {}, /Cannot read the config file \/nowhere\/c\.json/],
])('"%s" is wrong usage and says what to do', (words, environment, message) => {
  expect(() => read(words, environment)).toThrow(UsageError)
  expect(() => read(words, environment)).toThrow(message)
})

test.each<[unknown, RegExp]>([
  ['{', /not valid JSON/],
  ['[]', /one JSON object/],
  [{ nothing: 1 }, /"nothing" in .* is no option/],
  [{ down: 'fast' }, /"down" in .*: "fast" is no size/],
])('the config file %j is refused with its place', (value, message) => {
  expect(() => read(`${HEX} --config ${config(value)}`)).toThrow(message)
})

test('under npm start relative paths begin where the user stood', () => {
  const { sources, settings } = stream('a.torrent films', {
    npm_lifecycle_event: 'start',
    INIT_CWD: '/home/me',
  })
  expect(sources).toEqual([resolve('/home/me/a.torrent')])
  expect(settings.directory).toBe(resolve('/home/me/films'))
})

test('no word at all asks for the demo', () => {
  expect(read('').kind).toBe('demo')
  expect(read('--json').kind).toBe('demo')
})

test('the version and the help are texts, and the help names every option within 100 columns', () => {
  expect(read('--version')).toEqual({ kind: 'text', text: '1.2.3\n' })
  const parsed = read('--help')
  const text = parsed.kind === 'text' ? parsed.text : ''
  for (const name of ['--peer', '--share', '--no-dht', '--store-limit', '--config', 'Examples:'])
    expect(text).toContain(name)
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
})

test('docs/cli.md shows the help as it is', () => {
  const parsed = read('--help')
  const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')
  expect(page).toContain(parsed.kind === 'text' ? parsed.text.trim() : '')
})

test('a home that is no directory holds no config file', () => {
  writeFileSync(join(home, 'file'), '')
  expect(stream(HEX, { XDG_CONFIG_HOME: join(home, 'file') }).settings.dht).toBe(true)
})

test('the DHT is left out by either name, in the config file and in the environment', () => {
  const dhtOf = (words: string, environment?: Environment) =>
    stream(words, environment).settings.dht
  expect(dhtOf(`${HEX} --config ${config({ 'no-dht': true })}`)).toBe(false)
  expect(dhtOf(`${HEX} --config ${config({ 'no-dht': false })}`)).toBe(true)
  expect(dhtOf(`${HEX} --config ${config({ dht: false })}`)).toBe(false)
  expect(dhtOf(HEX, { TORRENT_LIVE_NO_DHT: '1' })).toBe(false)
})

test('errors are told as JSON wherever it was asked for, though the rest be wrong', () => {
  const asked = (words: string, environment: Environment = {}) =>
    wantsJson(words.split(' '), {
      platform: 'linux',
      home,
      environment: { XDG_CONFIG_HOME: home, ...environment },
    })
  expect(asked('--nothing')).toBe(false)
  expect(asked('--nothing --json')).toBe(true)
  expect(asked('--nothing', { TORRENT_LIVE_JSON: '1', TORRENT_LIVE_DWON: 'x' })).toBe(true)
  expect(asked(`--nothing --config ${config({ json: true })}`)).toBe(true)
  expect(asked(`--nothing --config=${config({ json: true })}`)).toBe(true)
  expect(asked(`--config=${config({ json: true })}`, { TORRENT_LIVE_JSON: '0' })).toBe(false)
  expect(asked('--config /nowhere', { TORRENT_LIVE_JSON: 'perhaps' })).toBe(false)
})
