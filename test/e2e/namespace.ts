// A network namespace with loopback alone, where whatever is sent anywhere passes loopback and can be seen. Linux, as root.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

/** TCP_LISTEN, as /proc writes it. */
const LISTENING = '0A'

export class Namespace implements AsyncDisposable {
  /** Words before a command that start it inside. */
  readonly enter: readonly string[]
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
    this.enter = ['nsenter', `--net=/proc/${process.pid}/ns/net`]
  }

  /** @throws Error where the system does not let us make one. */
  static async open(): Promise<Namespace> {
    // The route makes a packet for any address in the world go through loopback: without it, it would fail unseen.
    const start = 'ip link set lo up && ip route add default dev lo && echo ready && exec cat'
    const child = spawn('unshare', ['-n', 'sh', '-c', start], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`no network namespace: unshare ended with ${code}`)
    })
    await Promise.race([once(child.stdout, 'data'), ended])
    ended.catch(() => undefined)
    return new Namespace(child)
  }

  /** Local ports of all TCP sockets inside that listen, or of all UDP sockets. */
  async ports(kind: 'listening' | 'udp'): Promise<Set<number>> {
    const tables = kind === 'udp' ? ['udp', 'udp6'] : ['tcp', 'tcp6']
    const found = new Set<number>()
    for (const table of tables) {
      const text = await readFile(`/proc/${this.#process.pid}/net/${table}`, 'utf8')
      for (const line of text.trim().split('\n').slice(1)) {
        const [, local = '', , state] = line.trim().split(/\s+/)
        if (kind === 'udp' || state === LISTENING)
          found.add(Number.parseInt(local.split(':')[1] ?? '', 16))
      }
    }
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end()
    if (this.#process.exitCode === null) await once(this.#process, 'exit')
  }
}
