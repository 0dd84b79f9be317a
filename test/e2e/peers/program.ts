// A real BitTorrent program as a child process of a test: started on loopback, ended with the test.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'

/** A program that is not ready by then will not be. */
const READY_LIMIT_MS = 30_000
const POLL_MS = 50

/** What every seeder of a test is. */
export interface RealSeeder extends AsyncDisposable {
  /** `host:port` where it takes peers. */
  readonly address: string
}

/** What a seeder is given: a torrent, and the folder that holds what it names. */
export interface SeederPlace {
  readonly torrent: string
  readonly dataDirectory: string
  /** An empty folder for the program's own files. */
  readonly stateDirectory: string
}

export class Program implements RealSeeder {
  readonly address: string
  readonly #process: ChildProcess

  constructor(process: ChildProcess, address: string) {
    this.#process = process
    this.address = address
    // A test that ran out of time disposes of nothing.
    globalThis.process.once('exit', () => process.kill('SIGKILL'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}

/** Starts a program whose words on the console nobody needs. */
export function start(command: string, words: readonly string[]): ChildProcess {
  return spawn(command, words, { stdio: ['pipe', 'ignore', 'ignore'] })
}

/** A TCP port of 127.0.0.1 that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Settles when `isReady` says so; rejects when it never does. */
export async function until(isReady: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS
  while (!(await isReady().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`${what} was not ready in time`)
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

/** Whether somebody takes connections there. */
export async function isListening(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}
