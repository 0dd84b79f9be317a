// Where each file was left, in the browser's own store: the newest few hundred, so that it never fills up.
import type { Memory } from '../storage.ts'

const POSITIONS_MAX = 500
const KEY = 'positions'

/** Below this, and this close to the end, a film begins anew. */
const HEAD_SECONDS = 10
const TAIL_SECONDS = 20

/** `[key, seconds]`, the newest last. */
type Entries = [string, number][]

export const positionKey = (infohash: string, file: number): string => `${infohash}/${file}`

/** Seconds to begin at: 0 unless the file was left in its middle. */
export function loadPosition(storage: Memory, key: string): number {
  return read(storage).find(([name]) => name === key)?.[1] ?? 0
}

/** Notes where a file was left, or forgets it when it is as good as unseen or seen to its end. */
export function savePosition(
  storage: Memory,
  key: string,
  at: { readonly seconds: number; readonly duration: number },
): void {
  const entries = read(storage).filter(([name]) => name !== key)
  const isMiddle = at.seconds >= HEAD_SECONDS && at.seconds <= at.duration - TAIL_SECONDS
  if (isMiddle) entries.push([key, Math.floor(at.seconds)])
  storage.setItem(KEY, JSON.stringify(entries.slice(-POSITIONS_MAX)))
}

function read(storage: Memory): Entries {
  try {
    const value: unknown = JSON.parse(storage.getItem(KEY) ?? '[]')
    return Array.isArray(value) ? value.filter(isEntry) : []
  } catch {
    return []
  }
}

const isEntry = (value: unknown): value is [string, number] =>
  Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number'
