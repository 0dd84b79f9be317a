// From the words of a command line to what one run of `torrent-live <source>…` is to do.
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { styleText } from 'node:util'
import { Command, CommanderError, Option } from 'commander'
import { configFolder, type Machine, startFolder } from './folders.ts'
import { optionTable, RUNNING, type SettingName, type Settings } from './options.ts'
import { fromConfigFile, fromEnvironment, type Given, readRow, settle } from './settings.ts'
import { isPath, readPositionals } from './sources.ts'
import { UsageError } from './values.ts'

/** Sources on one command line; a shell pattern over a folder of torrents stays below. */
const SOURCES_MAX = 1000

export interface Invocation {
  readonly kind: 'stream'
  /** Paths are absolute. */
  readonly sources: readonly string[]
  readonly settings: Settings
}

export type Parsed =
  | Invocation
  /** Nothing was asked for: show what it can do. */
  | { readonly kind: 'demo'; readonly settings: Settings }
  /** `--help` or `--version`: print it and end with 0. */
  | { readonly kind: 'text'; readonly text: string }

export interface ParseOptions {
  readonly words: readonly string[]
  readonly machine: Machine
  readonly version: string
  readonly isColoured: boolean
  /** Of the terminal that the help is for; absent: 80. */
  readonly columns?: number | undefined
}

/** @throws UsageError */
export function parse(options: ParseOptions): Parsed {
  const { environment } = options.machine
  const read = readWords(options)
  if (read.kind === 'text') return read
  const folder = startFolder(environment)
  const settings = settle(
    read.given,
    fromEnvironment(environment),
    readConfig(options.machine, read.configPath),
  )
  const state = settings.state === undefined ? undefined : resolve(folder, settings.state)
  if (read.words.length === 0) return { kind: 'demo', settings: { ...settings, state } }
  const { sources, directory = settings.directory } = readPositionals(read.words, word =>
    isFile(resolve(folder, word)),
  )
  if (sources.length > SOURCES_MAX)
    throw new UsageError(`Give at most ${SOURCES_MAX} sources at once.`)
  return {
    kind: 'stream',
    sources: sources.map(source => (isPath(source) ? resolve(folder, source) : source)),
    settings: { ...settings, state, directory: resolve(folder, directory) },
  }
}

function readConfig(machine: Machine, path: string | undefined): Given {
  if (path === undefined) return fromConfigFile(join(configFolder(machine), 'config.json'), false)
  return fromConfigFile(resolve(startFolder(machine.environment), path), true)
}

/**
 * Whether errors are to be told as JSON: as `parse` would find, but also for words that it refuses. What is wrong in
 * one of the places is taken as not said there.
 */
export function wantsJson(words: readonly string[], machine: Machine): boolean {
  if (words.includes('--json')) return true
  const { TORRENT_LIVE_JSON } = machine.environment
  const at = words.findIndex(word => /^--config(=|$)/.test(word))
  const path = at === -1 ? undefined : words[at]?.slice('--config='.length) || words[at + 1]
  const layers = [
    () => fromEnvironment(TORRENT_LIVE_JSON === undefined ? {} : { TORRENT_LIVE_JSON }),
    () => readConfig(machine, path),
  ]
  for (const layer of layers) {
    try {
      const { json } = layer()
      if (json !== undefined) return json === true
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
    }
  }
  return false
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

type Words =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'words'
      readonly words: readonly string[]
      readonly given: Given
      readonly configPath?: string
    }

function readWords(options: ParseOptions): Words {
  let text = ''
  const command = makeCommand(options)
    .exitOverride()
    .configureOutput({
      writeOut: out => (text += out),
      writeErr: () => {},
      getOutHelpWidth: () => options.columns ?? 80,
    })
  try {
    // A mode may only follow behind `=`: a word after a bare `--share` is a source.
    const words = options.words.map(word => (word === '--share' ? '--share=full' : word))
    command.parse(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return { kind: 'text', text }
    throw new UsageError(`${sentence(error.message)} See torrent-live --help.`)
  }
  const { config, ...all } = command.opts<Given & { config?: string }>()
  const given = Object.fromEntries(
    Object.entries(all).filter(([name]) => command.getOptionValueSource(name) === 'cli'),
  )
  const words = command.args
  return { kind: 'words', words, given, ...(config === undefined ? {} : { configPath: config }) }
}

/** commander writes `error: unknown option '--x'`. */
function sentence(message: string): string {
  const text = message.replace(/^error: /, '').replaceAll("'", '"')
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?$/, '.')}`
}

function makeCommand({ version, isColoured }: ParseOptions): Command {
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    isColoured ? styleText(format, text, { validateStream: false }) : text
  const command = new Command('torrent-live')
    .usage('<magnet | infohash | file.torrent>… [directory] [options]')
    .description(DESCRIPTION)
    .argument('[words...]')
    .version(version, '--version', 'print the version')
    .addHelpOption(new Option('-h, --help', 'show this').helpGroup(RUNNING))
    .configureHelp({
      styleTitle: title => style('bold', title),
      styleOptionTerm: term => style('cyan', term),
      styleUsage: usage => style('cyan', usage),
      visibleArguments: () => [],
      optionTerm: ({ flags }) => flags.replace(' [', '[='),
    })
    .addHelpText('after', examples(style))
  for (const [name, row] of Object.entries(optionTable))
    if (row !== undefined) command.addOption(makeOption(name as SettingName))
  command.addOption(
    new Option('--config <file>', 'options as JSON, by their long names').helpGroup(RUNNING),
  )
  return command
}

function makeOption(name: SettingName): Option {
  const row = optionTable[name]
  if (row === undefined) throw new Error(`no option ${name}`)
  // commander knows `--share [mode]`; the table shows how it is written.
  const flags = row.flags.replace('[=', ' [')
  const option = new Option(flags, row.description).helpGroup(row.group)
  if (!flags.includes('<') && !flags.includes('[')) return option
  return option.argParser((text: string, before: unknown) => {
    const value = readRow(row, text)
    return row.isList === true && Array.isArray(before) && Array.isArray(value)
      ? [...before, ...value]
      : value
  })
}

const DESCRIPTION =
  'Watch a torrent while it downloads. Prints an address; the page behind it plays the video as soon as ' +
  'its first pieces are verified. Peers come from the DHT alone. Files go to "store" in the current ' +
  'folder, and the same command goes on where it stopped.'

function examples(style: (format: 'bold' | 'dim', text: string) => string): string {
  return `
${style('bold', 'Examples:')}
  torrent-live "magnet:?xt=urn:btih:…" --open           ${style('dim', 'watch in the browser')}
  torrent-live film.torrent ~/Films --player mpv        ${style('dim', 'watch in mpv, keep the file')}
  torrent-live show.torrent --file "*E01*" --exit       ${style('dim', 'one episode, then quit')}
  torrent-live demo                                     ${style('dim', 'see it work, on this machine alone')}

${style('bold', 'More commands')} (each has --help): demo, dht, bootstrap
Options may also stand in the environment (TORRENT_LIVE_STORE_LIMIT=20G) or in a\nconfig file; docs/cli.md tells how.
`
}
