// Installs the registry's peers beside this file, once, before any test runs.
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = import.meta.dirname

/** Vitest's global setup. @throws Error where npm fails: a missing peer is a failure, not a skip. */
export function setup(): void {
  const installed = join(FOLDER, 'node_modules', '.package-lock.json')
  const wanted = join(FOLDER, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  execFileSync(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--workspaces=false'], {
    cwd: FOLDER,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
}
