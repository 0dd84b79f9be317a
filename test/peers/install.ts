// Installs the registry's peers beside this file, once for each lock file, before any test runs.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = import.meta.dirname

/** Vitest's global setup. @throws Error where npm fails: a missing peer is a failure, not a skip. */
export function setup(): void {
  const lock = readFileSync(join(FOLDER, 'package-lock.json'), 'utf8')
  // A copy of the lock tells what is installed; times do not survive a checkout.
  const installed = join(FOLDER, 'node_modules', '.installed-lock.json')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return
  const isWindows = process.platform === 'win32'
  const flags = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--workspaces=false',
    '--loglevel=error',
  ]
  execFileSync(isWindows ? 'npm.cmd' : 'npm', ['ci', ...flags], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: isWindows,
  })
  writeFileSync(installed, lock)
}
