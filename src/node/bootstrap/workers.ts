// Several processes on the same ports. This one only starts them, adds up what they report, and starts
// another in place of one that ended.
import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Crew, CrewTools, WorkerProgram } from './crew.ts'
import { mergeReports, type Report } from './report.ts'
import type { BootstrapSettings } from './settings.ts'

/** A worker that ends sooner than this after its start is not replaced at once. */
const RESTART_PAUSE_MS = 1000
/** How long workers may take to answer what has arrived and to save; 10 million nodes take seconds. */
const CLOSE_TIMEOUT_MS = 30_000

/** From the parent to a worker. */
export type Order =
  | {
      readonly kind: 'open'
      readonly settings: BootstrapSettings
      readonly number: number
      readonly shareName: string
    }
  | { readonly kind: 'configure'; readonly settings: BootstrapSettings }
  | { readonly kind: 'steer'; readonly first: number; readonly count: number }
  | { readonly kind: 'save' }
  | { readonly kind: 'close' }

/** From a worker to the parent. */
export type Word =
  | { readonly kind: 'opened'; readonly addresses: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'notice'; readonly sentence: string }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'saved' }

/** @throws Error where a worker cannot open its sockets; then none is left. */
export async function openWorkers(
  settings: BootstrapSettings,
  count: number,
  tools: CrewTools,
): Promise<Crew> {
  const crew = new WorkerCrew(settings, tools)
  try {
    // One after another: the kernel numbers the sockets of a port in the order in which they are bound.
    for (let number = 0; number < count; number++) await crew.add(number)
  } catch (error) {
    await crew.close()
    throw error
  }
  crew.steerToAll()
  return crew
}

class Worker {
  readonly number: number
  readonly child: ChildProcess
  addresses: readonly string[] = []
  report: Report | undefined

  constructor(number: number, program: WorkerProgram) {
    this.number = number
    this.child = fork(program.file, program.words, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
  }

  /** A worker that has just ended hears nothing, and its end is told by its `exit`. */
  tell(order: Order): void {
    if (this.child.connected) this.child.send(order, () => undefined)
  }

  /** Waits for a word of a kind, or for the worker's end. */
  hear<Kind extends Word['kind']>(kind: Kind): Promise<Extract<Word, { kind: Kind }> | undefined> {
    return new Promise(resolve => {
      const finish = (word?: Extract<Word, { kind: Kind }>) => {
        this.child.off('message', heard)
        this.child.off('exit', ended)
        resolve(word)
      }
      const heard = (word: Word) => {
        if (word.kind === kind) finish(word as Extract<Word, { kind: Kind }>)
      }
      const ended = () => finish()
      this.child.on('message', heard)
      this.child.on('exit', ended)
    })
  }
}

class WorkerCrew implements Crew {
  #settings: BootstrapSettings
  readonly #tools: CrewTools
  /** In the order in which the kernel numbers their sockets. */
  readonly #workers: Worker[] = []
  readonly #shareName = randomUUID()
  #isClosing = false

  constructor(settings: BootstrapSettings, tools: CrewTools) {
    this.#settings = settings
    this.#tools = tools
  }

  get addresses(): readonly string[] {
    return this.#workers[0]?.addresses ?? []
  }

  report(): Report | undefined {
    return mergeReports(this.#workers.flatMap(({ report }) => report ?? []))
  }

  configure(settings: BootstrapSettings): void {
    this.#settings = settings
    for (const worker of this.#workers) worker.tell({ kind: 'configure', settings })
  }

  async save(): Promise<void> {
    if (this.#settings.stateDirectory === undefined) return
    await Promise.all(
      this.#workers.map(worker => {
        const saved = worker.hear('saved')
        worker.tell({ kind: 'save' })
        return saved
      }),
    )
  }

  settle(predecessors: number): void {
    for (let closed = 0; closed < predecessors; closed++) {
      const last = this.#workers.pop()
      if (last !== undefined) this.#workers.unshift(last)
    }
    this.steerToAll()
  }

  async close(successors = 0): Promise<void> {
    this.#isClosing = true
    if (successors === 0) {
      await Promise.all(this.#workers.map(worker => end(worker)))
      return
    }
    // From the last to the first, so that the successors' sockets stay next to one another.
    for (const [index, worker] of [...this.#workers.entries()].reverse()) {
      worker.tell({ kind: 'steer', ...rangeBesides(index, successors) })
      await end(worker)
    }
  }

  /** Starts a worker and waits until it serves. */
  async add(number: number): Promise<void> {
    const worker = new Worker(number, this.#tools.workerProgram)
    worker.child.on('message', (word: Word) => this.#take(worker, word))
    const opened = worker.hear('opened')
    const failed = worker.hear('failed')
    worker.tell({
      kind: 'open',
      settings: this.#settings,
      number,
      shareName: this.#shareName,
    })
    const word = await Promise.race([opened, failed])
    if (word?.kind !== 'opened') {
      worker.child.kill()
      throw new Error(word?.message ?? 'A worker ended before it could serve.')
    }
    worker.addresses = word.addresses
    this.#workers.push(worker)
    worker.child.on('exit', () => this.#replace(worker))
  }

  /** Shares datagrams out among all workers by their source. */
  steerToAll(): void {
    const count = this.#workers.length
    if (count > 1) this.#workers[0]?.tell({ kind: 'steer', first: 0, count })
  }

  #take(worker: Worker, word: Word): void {
    if (word.kind === 'report') worker.report = word.report
    else if (word.kind === 'notice')
      this.#tools.onNotice(`Worker ${worker.number}: ${word.sentence}`)
  }

  #replace(worker: Worker): void {
    const index = this.#workers.indexOf(worker)
    const last = this.#workers.pop()
    // As the kernel does it: the last socket takes the number of the one that is gone.
    if (last !== undefined && last !== worker) this.#workers[index] = last
    if (this.#isClosing) return
    this.steerToAll()
    this.#tools.onNotice(`Worker ${worker.number} ended; another takes its place.`)
    setTimeout(() => void this.#restart(worker.number), RESTART_PAUSE_MS)
  }

  async #restart(number: number): Promise<void> {
    if (this.#isClosing) return
    try {
      await this.add(number)
      this.steerToAll()
      this.#tools.onNotice(`Worker ${number} serves again.`)
    } catch (error) {
      this.#tools.onNotice(`Worker ${number} cannot start: ${(error as Error).message}`)
      setTimeout(() => void this.#restart(number), RESTART_PAUSE_MS)
    }
  }
}

/**
 * The sockets of successors that are sure to have the same numbers until ours, number `index` and the last
 * of ours, is closed: after it come `successors` of theirs, and the last of them then takes its number.
 */
export function rangeBesides(index: number, successors: number): { first: number; count: number } {
  return { first: index + 1, count: Math.max(1, successors - 1) }
}

async function end(worker: Worker): Promise<void> {
  if (worker.child.exitCode !== null || worker.child.signalCode !== null) return
  const ended = once(worker.child, 'exit')
  const timer = setTimeout(() => worker.child.kill('SIGKILL'), CLOSE_TIMEOUT_MS)
  worker.tell({ kind: 'close' })
  await ended
  clearTimeout(timer)
}
