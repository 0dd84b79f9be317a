// What an operator writes, on the command line or in a file, checked and turned into options.
import path from 'node:path'
import { type Address, parseAddress } from '../../core/bytes/index.ts'
import { ANSWER_SIZE_MAX, BOOTSTRAP_DEFAULTS } from '../../core/services/bootstrap/index.ts'
import type { BootstrapServiceOptions } from './service.ts'

const DEFAULT_LISTEN = ['0.0.0.0:6881', '[::]:6881'] as const
/** More would only share the same cores. */
const PROCESSES_MAX = 64
const LISTEN_MAX = 64
const NODES_MAX = 2 ** 24 - 2

/** As written: text and numbers, each absent where nothing was said. The names are those of the file. */
export interface BootstrapSettings {
  readonly listen?: readonly string[] | undefined
  readonly processes?: number | undefined
  readonly metrics?: string | undefined
  readonly allowPrivate?: boolean | undefined
  /** `15m`, `90s`, `1500ms`, `1h`. */
  readonly probation?: string | undefined
  readonly answer?: number | undefined
  readonly nodesMax?: number | undefined
  readonly perNetwork?: number | undefined
  /** Queries a second that one address may ask for long. */
  readonly rate?: number | undefined
  readonly burst?: number | undefined
  readonly stateDirectory?: string | undefined
  readonly shareNodes?: string | undefined
  readonly transport?: 'auto' | 'plain' | undefined
}

/** Where the process of that number keeps its nodes, and where those that it stands in for kept theirs. */
export function directoriesOf(
  settings: BootstrapSettings,
  number: number,
): Pick<BootstrapServiceOptions, 'stateDirectory' | 'formerDirectories'> {
  const { stateDirectory, processes = 1 } = settings
  if (stateDirectory === undefined) return {}
  const formerDirectories: string[] = []
  for (let former = number + processes; former < PROCESSES_MAX; former += processes) {
    formerDirectories.push(path.join(stateDirectory, `${former}`))
  }
  return { stateDirectory: path.join(stateDirectory, `${number}`), formerDirectories }
}

/** A setting that cannot be used; the message is one sentence for the operator. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** @throws SettingsError */
export async function readSettingsFile(file: string): Promise<BootstrapSettings> {
  const [{ readFile }, { z }] = await Promise.all([import('node:fs/promises'), import('zod')])
  const shape = z.strictObject({
    listen: z.array(z.string()).min(1).max(LISTEN_MAX).optional(),
    processes: z.int().min(1).max(PROCESSES_MAX).optional(),
    metrics: z.string().optional(),
    allowPrivate: z.boolean().optional(),
    probation: z.string().optional(),
    answer: z.int().optional(),
    nodesMax: z.int().optional(),
    perNetwork: z.int().optional(),
    rate: z.number().optional(),
    burst: z.int().optional(),
    stateDirectory: z.string().optional(),
    shareNodes: z.string().optional(),
    transport: z.enum(['auto', 'plain']).optional(),
  })
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new SettingsError(`The file ${file} cannot be read: ${(error as Error).message}.`)
  }
  try {
    return shape.parse(JSON.parse(text))
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message
    throw new SettingsError(`The file ${file} is not a valid configuration: ${reason}`)
  }
}

/**
 * The options of each process.
 *
 * @throws SettingsError
 */
export function serviceOptions(settings: BootstrapSettings): BootstrapServiceOptions {
  const { visitors } = BOOTSTRAP_DEFAULTS
  const processes = whole('--processes', settings.processes ?? 1, PROCESSES_MAX)
  const nodesMax = whole('--nodes-max', settings.nodesMax ?? BOOTSTRAP_DEFAULTS.nodesMax, NODES_MAX)
  const perNetwork = whole(
    '--per-network',
    settings.perNetwork ?? BOOTSTRAP_DEFAULTS.perNetworkMax,
    256,
  )
  const listen = (settings.listen ?? DEFAULT_LISTEN).map(listenAddress)
  if (processes > 1 && listen.some(({ port }) => port === 0)) {
    throw new SettingsError('With several --processes --listen wants a port that is not 0.')
  }
  return {
    listen,
    isPrivateAllowed: settings.allowPrivate ?? false,
    probationMs: duration('--probation', settings.probation ?? '15m'),
    answerSize: whole(
      '--answer',
      settings.answer ?? BOOTSTRAP_DEFAULTS.answerSize,
      ANSWER_SIZE_MAX,
    ),
    // Sources are shared out among processes, and so is what they may hold together.
    nodesMax: Math.ceil(nodesMax / processes),
    perNetworkMax: Math.max(1, Math.floor(perNetwork / processes)),
    waitingMax: Math.ceil(BOOTSTRAP_DEFAULTS.waitingMax / processes),
    pingsPerSecondMax: Math.ceil(BOOTSTRAP_DEFAULTS.pingsPerSecondMax / processes),
    visitors: {
      ratePerSecond: within('--rate', settings.rate ?? visitors.ratePerSecond, 0.01, 100),
      burst: whole('--burst', settings.burst ?? visitors.burst, 10_000),
      slots: visitors.slots,
    },
    isShared: true,
    transport: settings.transport ?? 'auto',
    ...(settings.shareNodes === undefined ? {} : { shareNodes: settings.shareNodes }),
  }
}

/** `1.2.3.4:80`, `[::1]:80`; port 0 lets the system choose one. */
function listenAddress(text: string): Address {
  const hasFreePort = /:0$/.test(text)
  const address = parseAddress(hasFreePort ? text.replace(/0$/, '1') : text)
  if (address === undefined) {
    throw new SettingsError(`--listen wants 203.0.113.5:6881 or [2001:db8::5]:6881, not ${text}.`)
  }
  return hasFreePort ? { ...address, port: 0 } : address
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
const DURATION_MAX_MS = 24 * UNIT_MS.h

function duration(name: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text)
  const ms =
    match === null ? Number.NaN : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
  if (!(ms >= 0 && ms <= DURATION_MAX_MS)) {
    throw new SettingsError(
      `${name} wants a time such as 15m or 90s, of a day at most, not ${text}.`,
    )
  }
  return ms
}

function whole(name: string, value: number, max: number): number {
  if (!Number.isInteger(value))
    throw new SettingsError(`${name} wants a whole number, not ${value}.`)
  return within(name, value, 1, max)
}

function within(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value
  throw new SettingsError(`${name} wants a number from ${min} to ${max}, not ${value}.`)
}
