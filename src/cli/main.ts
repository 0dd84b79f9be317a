// The command `torrent-live`: picks what to do, loads only that, and turns errors into one sentence and an exit code.
import { readFileSync } from 'node:fs'
import { thisMachine } from './folders.ts'
import { parse, wantsJson } from './parse.ts'
import { problemOf } from './run.ts'
import { withStopSignal } from './stop-signal.ts'
import { safeText } from './text.ts'
import { UsageError } from './values.ts'

type Command = (words: readonly string[]) => Promise<number>

/** Each is loaded when it is asked for. */
const commands: { readonly [word: string]: () => Promise<Command> } = {
  bootstrap: async () => (await import('./bootstrap.ts')).run,
  demo: async () => (await import('./demo.ts')).runDemo,
  dht: async () => (await import('./dht.ts')).run,
}

/**
 * @param words of the command line, without the program's own name.
 * @returns the exit code: 0 done or stopped, 1 failed, 2 wrong usage.
 */
export async function main(words: readonly string[]): Promise<number> {
  try {
    return await dispatch(words)
  } catch (error) {
    const isVerbose = words.includes('--verbose')
    const { code, message } =
      error instanceof UsageError
        ? { code: 'usage', message: error.message }
        : problemOf(error, isVerbose)
    if (isJson(words)) {
      const atMs = Math.round(performance.now())
      process.stdout.write(
        `${JSON.stringify({ type: 'error', atMs, code, message, fatal: true })}\n`,
      )
    } else process.stderr.write(`torrent-live: ${isVerbose ? message : safeText(message)}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

/** `dht` and `bootstrap` have options of their own: the environment and the config file do not speak of them. */
function isJson(words: readonly string[]): boolean {
  const [first = ''] = words
  if (first !== 'demo' && Object.hasOwn(commands, first)) return words.includes('--json')
  return wantsJson(words, thisMachine())
}

async function dispatch(words: readonly string[]): Promise<number> {
  const [first = '', ...rest] = words
  if (Object.hasOwn(commands, first)) {
    const command = await commands[first]?.()
    if (command !== undefined) return command(rest)
  }
  const parsed = parse({
    words,
    machine: thisMachine(),
    version: version(),
    columns: process.stdout.columns,
    isColoured: process.stdout.isTTY === true && !process.env.NO_COLOR,
  })
  if (parsed.kind === 'text') {
    process.stdout.write(parsed.text)
    return 0
  }
  if (parsed.kind === 'demo') return (await import('./demo.ts')).demo(parsed.settings)
  const { stream } = await import('./stream.ts')
  return withStopSignal(stop => stream({ ...parsed, stop }))
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version
}
