// The settings of one run. What is said more closely wins: command line, then environment, then config file, then
// what is built in. @see docs/cli.md
import { readFileSync } from 'node:fs'
import { defaults, optionTable, type SettingName, type Settings } from './options.ts'
import { UsageError } from './values.ts'

export type Environment = Readonly<Record<string, string | undefined>>
export type Given = Partial<Record<SettingName, unknown>>

/** A config file is a page of text; a film given by mistake is not read whole. */
const CONFIG_MAX_BYTES = 1024 * 1024
/** `storeLimit` is `TORRENT_LIVE_STORE_LIMIT` in the environment and `store-limit` in the config file. */
const PREFIX = 'TORRENT_LIVE_'

const names = Object.keys(defaults) as SettingName[]

const kebab = (name: string): string =>
  name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)

/** @param layers the closest first. */
export const settle = (...layers: readonly Given[]): Settings =>
  Object.assign({}, defaults, ...layers.toReversed()) as Settings

/** @throws UsageError that names the variable. */
export function fromEnvironment(environment: Environment): Given {
  const given: Given = {}
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX)) continue
    const key = variable.slice(PREFIX.length).toLowerCase().replaceAll('_', '-')
    const setting = settingNamed(key)
    if (setting === undefined)
      throw new UsageError(`${variable} in the environment is no option: see torrent-live --help.`)
    if (text !== undefined && text !== '')
      given[setting.name] = readSetting(setting, text, variable)
  }
  return given
}

/**
 * @param mustExist whether the user named the file; the usual place may be empty.
 * @throws UsageError
 */
export function fromConfigFile(path: string, mustExist: boolean): Given {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    // ENOTDIR: a home such as /dev/null holds nothing either.
    const isMissing = ['ENOENT', 'ENOTDIR'].includes(`${(error as NodeJS.ErrnoException).code}`)
    if (!mustExist && isMissing) return {}
    throw new UsageError(`Cannot read the config file ${path}: correct --config or its rights.`)
  }
  if (text.length > CONFIG_MAX_BYTES)
    throw new UsageError(`${path} is too large for a config file: correct --config.`)
  return fromConfig(parseObject(text, path), path)
}

function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch (error) {
    const reason = error instanceof Error ? error.message : ''
    throw new UsageError(`The config file ${path} is not valid JSON: correct it (${reason}).`)
  }
  throw new UsageError(`The config file ${path} must hold one JSON object: { "http": 7070 }.`)
}

function fromConfig(config: Readonly<Record<string, unknown>>, path: string): Given {
  const given: Given = {}
  for (const [key, value] of Object.entries(config)) {
    const setting = settingNamed(key)
    if (setting === undefined)
      throw new UsageError(`"${key}" in ${path} is no option: see torrent-live --help.`)
    const text = Array.isArray(value) ? value.join(',') : String(value)
    given[setting.name] = readSetting(setting, text, `"${key}" in ${path}`)
  }
  return given
}

interface NamedSetting {
  readonly name: SettingName
  /** Written as on the command line, `no-dht`: yes means no. */
  readonly isNegated: boolean
}

function settingNamed(key: string): NamedSetting | undefined {
  const plain = names.find(name => kebab(name) === key)
  if (plain !== undefined) return { name: plain, isNegated: false }
  const negated = names.find(name => optionTable[name]?.flags === `--${key}`)
  return negated === undefined ? undefined : { name: negated, isNegated: true }
}

function readSetting({ name, isNegated }: NamedSetting, text: string, place: string): unknown {
  const row = optionTable[name]
  try {
    const value = row === undefined ? text : readRow(row, text)
    return isNegated ? !value : value
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${place}: ${error.message}`)
    throw error
  }
}

/** Reads one word for an option, or the words of a list. */
export function readRow(
  row: { readonly read: (text: string) => unknown; readonly isList?: boolean },
  text: string,
): unknown {
  if (row.isList !== true) return row.read(text)
  return text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(row.read)
}
