// A real libtorrent seeder for tests: starts libtorrent_seeder.py, which makes the torrent as well.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

export interface SeederOptions {
  /** File or folder to share. */
  readonly source: string
  /** Where to write the torrent file. */
  readonly torrent: string
  /** On loopback. */
  readonly address: string
  readonly kind?: 'v1' | 'v2' | 'hybrid'
  readonly pieceBytes?: number
  readonly bytesPerSecond?: number
  /** Takes nothing but encrypted connections. */
  readonly isEncrypted?: boolean
  /** A DHT node, as `ip:port`: the seeder joins its network and announces itself there. */
  readonly router?: string
  /** Its own log of each message is told too. */
  readonly isLogged?: boolean
  /** Words that start a program elsewhere, e.g. in a network namespace. */
  readonly enter?: readonly string[]
}

export class LibtorrentSeeder implements AsyncDisposable {
  /** `host:port` */
  readonly address: string
  readonly infohash: string
  readonly magnet: string
  /** What it told after its first line. */
  readonly told: Readonly<Record<string, unknown>>[] = []
  /** When each line of `told` came, by `performance.now()`. */
  readonly toldAtMs: number[] = []
  readonly #process: ChildProcess

  private constructor(
    process: ChildProcess,
    first: { readonly host: string; readonly infohash: string; readonly magnet: string },
  ) {
    this.#process = process
    this.address = first.host
    this.infohash = first.infohash
    this.magnet = first.magnet
  }

  static async open(options: SeederOptions): Promise<LibtorrentSeeder> {
    const { source, torrent, address, kind = 'v1', pieceBytes = 65_536, bytesPerSecond } = options
    const { router, isLogged = false, enter = [] } = options
    const script = path.join(import.meta.dirname, 'libtorrent_seeder.py')
    const words = [script, source, torrent, address, kind, `${pieceBytes}`]
    if (bytesPerSecond !== undefined) words.push('--rate', `${bytesPerSecond}`)
    if (router !== undefined) words.push('--router', router)
    if (isLogged) words.push('--log')
    if (options.isEncrypted === true) words.push('--encrypted')
    const [program = '', ...rest] = [...enter, '/usr/bin/python3', ...words]
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    const [line] = (await once(lines, 'line')) as [string]
    const { port, infohash, magnet } = JSON.parse(line)
    const first = { host: `${address}:${port}`, infohash, magnet }
    const seeder = new LibtorrentSeeder(child, first)
    lines.on('line', (text: string) => {
      seeder.told.push(JSON.parse(text))
      seeder.toldAtMs.push(performance.now())
    })
    return seeder
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return
    this.#process.stdin?.end()
    await once(this.#process, 'exit')
  }
}
