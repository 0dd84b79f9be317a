// Starts the user's browser or player on an address. Arguments go to the program as they are, through no shell.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from './settings.ts'

export type PlayerName = 'mpv' | 'vlc'

export interface Program {
  readonly command: string
  readonly words: readonly string[]
}

interface System {
  readonly platform: NodeJS.Platform
  readonly environment: Environment
}

/** @returns `undefined` where there is no screen to open anything on. */
export function browserFor(url: string, { platform, environment }: System): Program | undefined {
  if (platform === 'darwin') return { command: 'open', words: [url] }
  // `start` belongs to the shell, which would read `&` in an address; this is what it calls.
  if (platform === 'win32')
    return { command: 'rundll32.exe', words: ['url.dll,FileProtocolHandler', url] }
  const hasScreen = Boolean(environment.DISPLAY || environment.WAYLAND_DISPLAY)
  return hasScreen ? { command: 'xdg-open', words: [url] } : undefined
}

/** Where the player usually is when it is not on the path. */
export function playerFor(name: PlayerName, url: string, system: System): Program {
  const { platform, environment } = system
  const places =
    platform === 'darwin'
      ? [
          `/Applications/${name === 'vlc' ? 'VLC' : 'mpv'}.app/Contents/MacOS/${name === 'vlc' ? 'VLC' : 'mpv'}`,
        ]
      : platform === 'win32'
        ? [environment.ProgramFiles, environment['ProgramFiles(x86)']]
            .filter(folder => folder !== undefined)
            .map(folder => join(folder, name === 'vlc' ? 'VideoLAN\\VLC\\vlc.exe' : 'mpv\\mpv.exe'))
        : []
  return { command: places.find(place => existsSync(place)) ?? name, words: [url] }
}

/** @returns whether it started; it goes on by itself and says nothing on our terminal. */
export function start({ command, words }: Program): Promise<boolean> {
  return new Promise(resolve => {
    const child = spawn(command, [...words], { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}
