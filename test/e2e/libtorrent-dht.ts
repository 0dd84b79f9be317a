// A network of libtorrent's DHT nodes on loopback, for tests: starts libtorrent_dht.py and speaks with it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface, type Interface } from 'node:readline'

export const LIBTORRENT_PYTHON = '/usr/bin/python3'

export class LibtorrentDht implements AsyncDisposable {
  readonly nodes: readonly string[]
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(
    process: ChildProcess,
    lines: AsyncIterator<string>,
    nodes: readonly string[],
  ) {
    this.#process = process
    this.#lines = lines
    this.nodes = nodes
  }

  /**
   * Nodes on consecutive addresses from `first` on (consecutive ports for IPv6).
   *
   * @param enter words that start a program elsewhere, e.g. in a network namespace.
   */
  static async open(
    count: number,
    first: string,
    port: number,
    enter: readonly string[] = [],
  ): Promise<LibtorrentDht> {
    const script = path.join(import.meta.dirname, 'libtorrent_dht.py')
    const words = [...enter, LIBTORRENT_PYTHON, script, `${count}`, `${port}`, first]
    const [program = '', ...rest] = words
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
    const reader: Interface = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    const lines = reader[Symbol.asyncIterator]()
    const ready = JSON.parse((await lines.next()).value as string) as { nodes: string[] }
    return new LibtorrentDht(child, lines, ready.nodes)
  }

  async ask<Answer>(command: Readonly<Record<string, unknown>>): Promise<Answer> {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`)
    return JSON.parse((await this.#lines.next()).value as string) as Answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end()
    await once(this.#process, 'exit')
  }
}
