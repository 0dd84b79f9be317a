// How a new process takes the place of a running one: through a socket in the state directory it asks the
// old one to save, opens its own sockets on the same ports, and then asks it to leave. At every moment
// one of the two answers, and what has arrived at the old one is answered by it.
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import path from 'node:path'
import { createInterface } from 'node:readline'

const NAME = 'bootstrap.sock'
/** The old process may have 10 million nodes to save. */
const ANSWER_TIMEOUT_MS = 60_000

/** What the running process can be asked for. */
export interface Incumbent {
  readonly processes: number
  save(): Promise<void>
  /** Stops serving; `successors` sockets have joined ours on each port. */
  leave(successors: number): Promise<void>
}

export interface HandOver {
  close(): Promise<void>
}

/** Lets a later process take over from this one. Only this user may open the socket. */
export async function offerHandOver(directory: string, incumbent: Incumbent): Promise<HandOver> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const name = path.join(directory, NAME)
  await rm(name, { force: true })
  const server = createServer(socket => {
    const leave = async (successors: number) => {
      // The name goes first: the successor will listen by it as soon as it hears that we have left.
      server.close()
      await incumbent.leave(successors)
    }
    void converse(socket, { ...incumbent, leave })
  })
  server.maxConnections = 1
  const mask = process.umask(0o077)
  server.listen(name)
  process.umask(mask)
  await once(server, 'listening')
  server.unref()
  return { close: () => closeServer(server) }
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  await closed
}

async function converse(socket: Socket, incumbent: Incumbent): Promise<void> {
  // A successor that dies in between is no reason for the incumbent to.
  socket.on('error', () => undefined)
  for await (const line of createInterface({ input: socket })) {
    const [word, count = ''] = line.split(' ')
    if (word === 'save') {
      await incumbent.save()
      socket.write(`saved ${incumbent.processes}\n`)
    } else if (word === 'leave' && /^\d{1,2}$/.test(count)) {
      await incumbent.leave(Number(count))
      socket.end('left\n')
    } else socket.destroy()
  }
}

/** A process that serves from the same directory. */
export interface Predecessor {
  /** Lets it write its snapshot; answers how many processes it has. */
  save(): Promise<number>
  /** Asks it to leave, and waits until it has. */
  leave(successors: number): Promise<void>
  /** Lets it go on. */
  dismiss(): void
}

/** Finds the process that serves from this directory; `undefined` where there is none. */
export async function findPredecessor(directory: string): Promise<Predecessor | undefined> {
  const socket = connect(path.join(directory, NAME))
  try {
    await once(socket, 'connect')
  } catch {
    // Nobody listens: no process was there, or it was killed and left its socket behind.
    return undefined
  }
  socket.on('error', () => undefined)
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  const ask = async (words: string): Promise<string> => {
    socket.write(`${words}\n`)
    const answer = await lines.next()
    if (answer.done === true) throw new Error('The running server broke off the hand-over.')
    return answer.value
  }
  return {
    save: async () => Number((await ask('save')).split(' ')[1]),
    async leave(successors) {
      await ask(`leave ${successors}`)
      socket.destroy()
    },
    dismiss: () => socket.destroy(),
  }
}
