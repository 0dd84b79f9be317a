// What outlives the process: small files in the state directory, each replaced at once or not at all, and
// a lock, so that two processes never write over one another.
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { makeFolder } from './make-folder.ts'

/** Where the state is kept unless the user says otherwise. @see XDG Base Directory, Apple's and Microsoft's guides */
export function defaultStateDirectory(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
  home: string = os.homedir(),
): string {
  if (platform === 'win32') {
    const local = environment.LOCALAPPDATA ?? path.win32.join(home, 'AppData', 'Local')
    return path.win32.join(local, 'torrent-live')
  }
  if (platform === 'darwin') {
    return path.posix.join(home, 'Library', 'Application Support', 'torrent-live')
  }
  const given = environment.XDG_STATE_HOME
  // The specification: a relative path is to be ignored.
  const isGiven = given !== undefined && path.posix.isAbsolute(given)
  return path.posix.join(isGiven ? given : path.posix.join(home, '.local', 'state'), 'torrent-live')
}

/** An open state directory. Close it, or the next process finds it locked by a process that is gone. */
export class StateDirectory {
  readonly #directory: string
  /** The newest bytes of each name that wait to be written. */
  readonly #waiting = new Map<string, Uint8Array | null>()
  #writing: Promise<void> | undefined
  #failure: Error | undefined

  /** Use `openStateDirectory`. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** Why the last save failed; the state is then older than it should be, and nothing else is lost. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** @returns `undefined` where nothing was kept under `name`. */
  async load(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#pathOf(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Names that begin with `folder/`. */
  async list(folder: string): Promise<string[]> {
    const entries = await readdir(path.join(this.#directory, folder)).catch(() => [])
    return entries.filter(entry => !entry.endsWith('.new')).map(entry => `${folder}/${entry}`)
  }

  /** Keeps `bytes`, atomically and soon; of several saves of one name the last one stays. */
  save(name: string, bytes: Uint8Array | null): void {
    this.#waiting.set(name, bytes)
    this.#writing ??= this.#write()
  }

  /** Waits for what is being saved, then unlocks the directory. */
  async close(): Promise<void> {
    await this.#writing
    await rm(this.#pathOf(LOCK), { force: true })
  }

  async #write(): Promise<void> {
    for (const [name, bytes] of this.#waiting) {
      this.#waiting.delete(name)
      try {
        await replace(this.#pathOf(name), bytes)
        this.#failure = undefined
      } catch (error) {
        this.#failure = error as Error
      }
    }
    this.#writing = this.#waiting.size > 0 ? this.#write() : undefined
    await this.#writing
  }

  #pathOf(name: string): string {
    return path.join(this.#directory, ...name.split('/'))
  }
}

/** Writes beside, syncs, and moves over: a reader finds the old bytes or the new ones. */
async function replace(file: string, bytes: Uint8Array | null): Promise<void> {
  if (bytes === null) return rm(file, { force: true })
  await mkdir(path.dirname(file), { recursive: true })
  const handle = await open(`${file}.new`, 'w')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.new`, file)
}

const LOCK = 'lock'

/**
 * Makes the directory where it is missing, and locks it.
 *
 * @throws Error named `StateInUse` where a running process has it, else the system's error.
 */
export function openStateDirectory(directory: string): StateDirectory {
  makeFolder(directory)
  const lock = path.join(directory, LOCK)
  if (!takeLock(lock)) {
    const owner = Number(readFileSync(lock, 'utf8'))
    if (isRunning(owner)) throw inUse(directory, owner)
    rmSync(lock, { force: true })
    if (!takeLock(lock)) throw inUse(directory, owner)
  }
  return new StateDirectory(directory)
}

function takeLock(lock: string): boolean {
  let file: number
  try {
    file = openSync(lock, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  writeSync(file, String(process.pid))
  fsyncSync(file)
  closeSync(file)
  return true
}

function isRunning(processId: number): boolean {
  if (!Number.isInteger(processId) || processId <= 0) return false
  // This very process has it, through another client.
  if (processId === process.pid) return true
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    // Somebody else's process is running all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function inUse(directory: string, owner: number): Error {
  const error = new Error(
    `${directory} is used by another torrent-live (process ${owner}): stop that one, or choose another state directory.`,
  )
  error.name = 'StateInUse'
  return error
}
