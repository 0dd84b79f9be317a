// Making a directory with its parents. Node's own `recursive` never ends where the system lets nothing be made and
// says so with ENOENT, as below /proc.
import { mkdirSync, statSync } from 'node:fs'
import path from 'node:path'

/**
 * Makes `folder` and the parents that are missing; one that is there already is left as it is.
 *
 * @throws the system's error, after at most one try for each part of the path.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = []
  let at = path.resolve(folder)
  while (!isThere(at)) {
    missing.push(at)
    at = path.dirname(at)
  }
  for (const one of missing.toReversed()) makeOne(one)
  if (statSync(folder).isDirectory()) return
  throw Object.assign(new Error(`ENOTDIR: not a directory, '${folder}'`), { code: 'ENOTDIR' })
}

/** The root always is, so that the way up ends. */
function isThere(folder: string): boolean {
  if (path.dirname(folder) === folder) return true
  return statSync(folder, { throwIfNoEntry: false }) !== undefined
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
