// Where a program of this kind keeps its config file on each system, and where relative paths start.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from './settings.ts'

const NAME = 'torrent-live'

export interface Machine {
  readonly platform: NodeJS.Platform
  readonly environment: Environment
  readonly home: string
}

export const thisMachine = (): Machine => ({
  platform: process.platform,
  environment: process.env,
  home: homedir(),
})

export function configFolder({ platform, environment, home }: Machine): string {
  if (platform === 'win32') return join(environment.APPDATA || join(home, 'AppData/Roaming'), NAME)
  if (platform === 'darwin') return join(home, 'Library/Application Support', NAME)
  return join(environment.XDG_CONFIG_HOME || join(home, '.config'), NAME)
}

/** `npm start` runs in the package's folder; the user's words mean the one that npm was called in. */
export const startFolder = (environment: Environment): string =>
  (environment.npm_lifecycle_event === 'start' && environment.INIT_CWD) || process.cwd()
