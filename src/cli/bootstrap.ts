// `torrent-live bootstrap`: runs a DHT bootstrap server until it is told to stop or another takes over.
import path from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { findPredecessor, offerHandOver, type Predecessor } from '../node/bootstrap/hand-over.ts'
import { Operation } from '../node/bootstrap/operation.ts'
import {
  type BootstrapSettings,
  readSettingsFile,
  SettingsError,
} from '../node/bootstrap/settings.ts'
import { defaultStateDirectory } from '../node/index.ts'
import { BootstrapLog } from './bootstrap-log.ts'
import { UsageError } from './values.ts'

interface Words extends BootstrapSettings {
  readonly config?: string
  readonly takeOver?: boolean
}

/** Not for users: what a worker is started with. */
const WORKER_WORD = '--worker'

/** @returns the exit code: 0 when stopped or replaced. */
export async function run(args: readonly string[]): Promise<number> {
  if (args[0] === WORKER_WORD) {
    await (await import('../node/bootstrap/worker.ts')).runWorker()
    return 0
  }
  const command = bootstrapCommand().exitOverride()
  try {
    await command.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof SettingsError) throw new UsageError(error.message)
    if (!(error instanceof CommanderError)) throw error
    // Help and mistakes have been printed already.
    return error.exitCode === 0 ? 0 : 2
  }
}

export function bootstrapCommand(): Command {
  return new Command('bootstrap')
    .description(
      'Run a DHT bootstrap server: introduces newcomers to nodes that it knows to be alive.',
    )
    .option('--listen <address...>', 'where to listen, UDP (default: 0.0.0.0:6881 and [::]:6881)')
    .option('--processes <count>', 'processes that share the ports, one a core', number)
    .option('--metrics <address>', 'serve /metrics (Prometheus) and /healthz here')
    .option(
      '--allow-private',
      'accept loopback and private sources: for tests and private networks',
    )
    .option('--probation <time>', 'wait before a visitor is pinged (default: 15m)')
    .option('--answer <count>', 'nodes in an answer, 1 to 32 (default: 16)', number)
    .option('--nodes-max <count>', 'nodes held of each family (default: 10000000)', number)
    .option('--per-network <count>', 'nodes held of one /24 or /48 (default: 8)', number)
    .option(
      '--rate <count>',
      'queries a second that one address may ask for long (default: 10)',
      number,
    )
    .option('--burst <count>', 'queries that it may ask at once (default: 50)', number)
    .option('--state-directory <folder>', 'where the nodes are kept from one run to the next')
    .option(
      '--share-nodes <url>',
      'share verified nodes through Redis or Valkey, redis://host:6379',
    )
    .option('--transport <way>', 'auto: batched system calls where they can be had; plain: without')
    .option('--take-over', 'take the place of the server that runs on this state directory')
    .option('--config <file>', 'JSON with the same settings in camelCase; SIGHUP reads it again')
    .allowExcessArguments(false)
    .action((words: Words) => serve(words))
}

function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Not a number.')
  return value
}

/** The command line goes before the file. */
async function settingsOf({ config, takeOver: _, ...words }: Words): Promise<Settings> {
  if (words.transport !== undefined && !['auto', 'plain'].includes(words.transport)) {
    throw new SettingsError(`--transport is auto or plain, not ${words.transport}.`)
  }
  const file = config === undefined ? {} : await readSettingsFile(config)
  const stateDirectory = path.join(defaultStateDirectory(), 'bootstrap')
  const settings = { ...file, ...words }
  return { ...settings, stateDirectory: settings.stateDirectory ?? stateDirectory }
}

type Settings = BootstrapSettings & { readonly stateDirectory: string }

/** Serves until a signal comes or a successor asks. */
async function serve(words: Words): Promise<void> {
  const settings = await settingsOf(words)
  const log = new BootstrapLog(process.stdout)
  const notice = (sentence: string) => log.notice(sentence)
  const predecessor = await findPredecessor(settings.stateDirectory)
  if (predecessor !== undefined && words.takeOver !== true) {
    predecessor.dismiss()
    throw new SettingsError(
      `A server already runs on ${settings.stateDirectory}: --take-over replaces it without loss.`,
    )
  }
  const operation = await openAfter(predecessor, settings, notice)
  // Whoever reads that it serves may send signals at once.
  const end = new Ending(operation)
  const reload = () => void reloadInto(operation, words, notice)
  process.on('SIGHUP', reload)
  const handOver = await offerHandOver(settings.stateDirectory, {
    processes: settings.processes ?? 1,
    save: () => operation.save(),
    leave: successors => end.now(successors),
  })
  notice(`Serving on ${operation.addresses.join(' and ')}.`)
  if (operation.monitorPort !== undefined) {
    notice(`Metrics are at http://127.0.0.1:${operation.monitorPort}/metrics.`)
  }
  log.start(() => operation.report())
  try {
    await end.come
  } finally {
    log.stop()
    process.off('SIGHUP', reload)
    await handOver.close()
  }
  notice(end.isReplaced ? 'Another server has taken over.' : 'Stopped.')
}

/** Opens the server, in the place of a predecessor if there is one. */
async function openAfter(
  predecessor: Predecessor | undefined,
  settings: Settings,
  onNotice: (sentence: string) => void,
): Promise<Operation> {
  const workerProgram = { file: process.argv[1] as string, words: ['bootstrap', WORKER_WORD] }
  const predecessors = (await predecessor?.save()) ?? 0
  const operation = await Operation.open(settings, { onNotice, workerProgram })
  if (predecessor === undefined) return operation
  await predecessor.leave(settings.processes ?? 1)
  operation.settle(predecessors)
  onNotice('Took the place of the server that ran before.')
  return operation
}

async function reloadInto(
  operation: Operation,
  words: Words,
  notice: (sentence: string) => void,
): Promise<void> {
  try {
    operation.configure(await settingsOf(words))
    notice('The configuration was read again; addresses and processes need --take-over.')
  } catch (error) {
    notice(`The configuration stays as it was: ${(error as Error).message}`)
  }
}

/** The end of the run, by a signal or by a successor, whichever comes first. */
class Ending {
  readonly come: Promise<void>
  isReplaced = false
  readonly #operation: Operation
  #finish: () => void = () => undefined

  constructor(operation: Operation) {
    this.#operation = operation
    this.come = new Promise(resolve => {
      this.#finish = resolve
    })
    const stop = () => void this.now(0)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
    void this.come.finally(() => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop)
    })
  }

  async now(successors: number): Promise<void> {
    this.isReplaced = successors > 0
    await this.#operation.close(successors)
    this.#finish()
  }
}
