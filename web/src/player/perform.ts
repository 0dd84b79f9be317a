// What each command does, and the word that answers it.
import { formatClock } from '../format.ts'
import type { Command } from './keys.ts'
import { changeRate, changeVolume, type Playback, seekTo, toggle, toggleSound } from './playback.ts'

/** What a command may need that is not the playback's. */
export interface Surroundings {
  readonly go: (step: 1 | -1) => void
  readonly toggleFullscreen: () => void
  readonly showHelp: () => void
  /** @returns the name of the subtitles chosen now. */
  readonly nextTrack: () => string
}

/** @returns what to show for a moment, or `null` where the picture says enough. */
export function perform(
  command: Command,
  playback: Playback,
  surroundings: Surroundings,
): string | null {
  const { element } = playback
  switch (command.kind) {
    case 'toggle':
      toggle(playback)
      return null
    case 'seek-by':
      seekTo(playback, element.currentTime + command.seconds)
      return `${command.seconds > 0 ? '+' : '−'}${Math.abs(command.seconds)} s`
    case 'seek-to':
      seekTo(playback, element.duration * command.share)
      return Number.isFinite(element.duration)
        ? formatClock(element.duration * command.share)
        : null
    case 'volume-by':
      changeVolume(playback, command.step)
      return `Sound ${Math.round(element.volume * 100)} %`
    case 'mute':
      toggleSound(playback)
      return element.muted ? 'Sound off' : 'Sound on'
    case 'rate-by':
      return `${changeRate(playback, command.step)}×`
    case 'subtitles':
      return `Subtitles: ${surroundings.nextTrack()}`
    case 'fullscreen':
      surroundings.toggleFullscreen()
      return null
    case 'go':
      surroundings.go(command.step)
      return null
    case 'help':
      surroundings.showHelp()
      return null
  }
}
