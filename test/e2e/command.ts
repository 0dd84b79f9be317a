// The built command as a user runs it, for tests: a process of its own, a home of its own, its lines and its exit code.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

const PROGRAM = path.join(import.meta.dirname, '../../bin/torrent-live.js')

export type JsonLine = { readonly type: string; readonly atMs: number } & Readonly<
  Record<string, unknown>
>

export interface CommandOptions {
  readonly words: readonly string[]
  /** Home, config and state: nothing of the developer's own is read or written. */
  readonly home: string
  readonly environment?: Readonly<Record<string, string>>
  /** The Node.js that runs it; absent: the one of the test. */
  readonly node?: string
  /** Words that start a program elsewhere, e.g. in a network namespace. */
  readonly enter?: readonly string[]
}

export class Command implements AsyncDisposable {
  readonly process: ChildProcess
  readonly lines: string[] = []
  errors = ''
  readonly #waiting = new Set<() => void>()

  constructor({ words, home, environment, node = process.execPath, enter = [] }: CommandOptions) {
    const [program = '', ...rest] = [...enter, node, PROGRAM, ...words]
    this.process = spawn(program, rest, {
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: home, USERPROFILE: home, ...environment },
    })
    createInterface({ input: this.process.stdout! }).on('line', line => {
      this.lines.push(line)
      this.#wake()
    })
    this.process.stderr!.on('data', chunk => {
      this.errors += chunk
    })
    this.process.on('close', () => this.#wake())
  }

  get json(): JsonLine[] {
    return this.lines.map(line => JSON.parse(line))
  }

  /** The first JSON line of that type, when it has come. */
  async line(type: string, fits: (line: JsonLine) => boolean = () => true): Promise<JsonLine> {
    for (;;) {
      const found = this.json.find(line => line.type === type && fits(line))
      if (found !== undefined) return found
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`ended before "${type}": ${this.errors}${this.lines.slice(-5).join('\n')}`)
      await new Promise<void>(resolve => this.#waiting.add(resolve))
    }
  }

  /** The exit code, when it has ended and everything is read. */
  async end(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null)
      await once(this.process, 'close')
    return this.process.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.end()
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }
}
