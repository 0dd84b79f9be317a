// `torrent-live <source>… [directory]`: streams torrents until the user stops it.
import { access, constants } from 'node:fs/promises'
import type { Torrent } from '../node/index.ts'
import type { RunningServer } from '../server/index.ts'
import type { Display } from './display.ts'
import { JsonDisplay } from './json-display.ts'
import { LineDisplay } from './line-display.ts'
import { LiveDisplay } from './live-display.ts'
import type { Settings } from './options.ts'
import { browserFor, playerFor, start } from './programs.ts'
import { type Floors, run } from './run.ts'

export interface StreamOptions {
  readonly sources: readonly string[]
  readonly settings: Settings
  readonly stop: AbortSignal
  /** Said first. */
  readonly greeting?: string
}

/** @returns the exit code. */
export async function stream({ sources, settings, stop, greeting }: StreamOptions): Promise<0 | 1> {
  let display: Display | undefined
  await prepareFolder(settings.directory, 'Choose another directory')
  if (settings.state !== undefined) await prepareFolder(settings.state, 'Choose another --state')
  return run({
    sources,
    settings,
    stop,
    makeDisplay: urlOf => {
      display = makeDisplay(settings, urlOf)
      return display
    },
    onListening: ({ url }) => {
      if (greeting !== undefined) display?.note(greeting)
      if (settings.open) void open(url, display)
    },
    onMetadata: (torrent, server) => {
      if (settings.player !== undefined) void play(settings.player, torrent, server, display)
    },
    floors: {
      openClient: openClientSomewhere,
      openServer: async options => (await import('../server/index.ts')).openServer(options),
    },
  })
}

/** Each running process needs a state directory of its own; as many terminals at once have one by default. */
const STATES_MAX = 8

/** In the usual state directory, or while another process has it, in the next one beside it. */
const openClientSomewhere: Floors['openClient'] = async options => {
  const { openClient, defaultStateDirectory } = await import('../node/index.ts')
  if (options.stateDirectory !== undefined)
    return openClient({ ...options, stateDirectory: options.stateDirectory })
  const usual = defaultStateDirectory()
  await prepareFolder(usual, 'Choose another with --state')
  for (let number = 1; ; number += 1) {
    const stateDirectory = number === 1 ? usual : `${usual}-${number}`
    try {
      return await openClient({ ...options, stateDirectory })
    } catch (error) {
      if ((error as Error).name !== 'StateInUse' || number === STATES_MAX) throw error
    }
  }
}

/** @throws Error named `NoFolder` */
export async function prepareFolder(folder: string, advice: string): Promise<void> {
  try {
    const { makeFolder } = await import('../node/index.ts')
    makeFolder(folder)
    await access(folder, constants.W_OK)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const reason =
      code === 'EROFS' || code === 'EACCES' || code === 'EPERM'
        ? 'it may not be written'
        : code === 'ENOSPC'
          ? 'the disk is full'
          : code === 'ENOTDIR' || code === 'EEXIST'
            ? 'a file is in its way'
            : code === 'ENOENT'
              ? 'the system lets nothing be made there'
              : `the system says ${code}`
    const message = `Cannot store anything in ${folder}: ${reason}. ${advice}, or correct it.`
    throw Object.assign(new Error(message, { cause: error }), { name: 'NoFolder' })
  }
}

export function makeDisplay(
  settings: Pick<Settings, 'json' | 'verbose'>,
  urlOf: (path: string) => string,
): Display {
  const { stdout, env } = process
  if (settings.json) return new JsonDisplay({ output: stdout, now: () => performance.now(), urlOf })
  if (!stdout.isTTY || env.TERM === 'dumb')
    return new LineDisplay({ output: stdout, isVerbose: settings.verbose })
  return new LiveDisplay({
    terminal: stdout,
    isColoured: !env.NO_COLOR,
    isUnicode: isUnicode(process.platform, env),
    isVerbose: settings.verbose,
  })
}

/** Windows' old console has no block letters in its usual font; elsewhere the locale tells. */
export function isUnicode(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): boolean {
  if (platform === 'win32') return Boolean(environment.WT_SESSION || environment.TERM_PROGRAM)
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || ''
  return platform === 'darwin' || /utf-?8/i.test(locale)
}

export async function open(url: string, display: Display | undefined): Promise<void> {
  const browser = browserFor(url, { platform: process.platform, environment: process.env })
  if (browser === undefined || !(await start(browser)))
    display?.note(`No browser could be started here: open ${url} yourself.`)
}

async function play(
  name: 'mpv' | 'vlc',
  torrent: Torrent,
  server: RunningServer,
  display: Display | undefined,
): Promise<void> {
  const playable = torrent
    .view()
    .files.filter(file => file.isWanted && (file.kind === 'video' || file.kind === 'audio'))
  const file = playable.find(one => one.kind === 'video') ?? playable[0]
  if (file === undefined) {
    display?.note(`There is nothing that ${name} could play in this torrent.`)
    return
  }
  const system = { platform: process.platform, environment: process.env }
  const url = server.urlOf(file.url)
  if (!(await start(playerFor(name, url, system))))
    display?.note(`${name} could not be started: install it, or open ${url} in another player.`)
}
