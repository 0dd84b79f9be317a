// The keys that make sense where nothing plays: from file to file, the whole screen, the help.
import { useEffect, useRef } from 'preact/hooks'
import type { FileView, TorrentView } from '../../../src/api/index.ts'
import { neighbour } from '../choice.ts'
import { isHelpOpen } from '../parts/help.tsx'
import { go, orderFor } from '../store.ts'
import { listenToKeys } from './keyboard.ts'
import type { Command } from './keys.ts'
import type { Player } from './use-player.ts'

export function useFileKeys(player: Player, torrent: TorrentView, file: FileView | null): void {
  const latest = useRef<(command: Command) => void>(() => {})
  latest.current = command => {
    if (command.kind === 'help') isHelpOpen.value = true
    if (command.kind === 'fullscreen') player.toggleFullscreen()
    const step = stepOf(command)
    if (step === null || file === null) return
    const other = neighbour(torrent.files, orderFor(torrent), { current: file, step })
    if (other !== null) go(torrent.infohash, other.index)
  }
  useEffect(() => {
    if (player.frame.current === null) return
    return listenToKeys(player.frame.current, command => latest.current(command))
  }, [player])
}

/** Arrows turn pictures over like pages. */
function stepOf(command: Command): 1 | -1 | null {
  if (command.kind === 'go') return command.step
  if (command.kind === 'seek-by') return command.seconds > 0 ? 1 : -1
  return null
}
