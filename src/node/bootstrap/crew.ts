// What an operation is made of, whether it is one process or many.
import type { Report } from './report.ts'
import type { BootstrapSettings } from './settings.ts'

/** What serves: this process itself, or others that it has started. */
export interface Crew {
  /** Where it listens, as text. */
  readonly addresses: readonly string[]
  /** The sum of all that serve; `undefined` while none does. */
  report(): Report | undefined
  configure(settings: BootstrapSettings): void
  save(): Promise<void>
  /** Takes all datagrams after so many processes that served before have closed their sockets. */
  settle(predecessors: number): void
  /**
   * Stops serving and saves.
   *
   * @param successors how many sockets of a successor have joined ours on each port; datagrams go to them
   *   before ours are closed.
   */
  close(successors?: number): Promise<void>
}

/** The script that calls `runWorker`, and what it needs to be told to do so. */
export interface WorkerProgram {
  readonly file: string
  readonly words: readonly string[]
}

export interface CrewTools {
  /** Hears, in one sentence each, of what an operator should know. */
  readonly onNotice: (sentence: string) => void
  readonly workerProgram: WorkerProgram
}
