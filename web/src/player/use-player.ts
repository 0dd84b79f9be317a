// The one video element of the page. It outlives every change of file, so that the whole screen, the
// permission to make sound and the screen in the living room do too.
import { type ReadonlySignal, useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { memory } from '../storage.ts'
import { type Playback, playbackOf } from './playback.ts'
import { type Cast, toggleFullscreen, watchCast } from './screens.ts'

export interface Player {
  readonly playback: Playback
  readonly cast: Cast
  /** What takes the whole screen: the picture with its controls. */
  readonly frame: RefObject<HTMLDivElement | null>
  /** Where the video element lives. */
  readonly screen: RefObject<HTMLDivElement | null>
  readonly isFullscreen: ReadonlySignal<boolean>
  readonly toggleFullscreen: () => void
}

function createVideo(): HTMLVideoElement {
  const video = document.createElement('video')
  video.preload = 'auto'
  video.playsInline = true
  video.setAttribute('x-webkit-airplay', 'allow')
  // A click on the picture gives it the focus, and with it the keys that scroll elsewhere; Tab passes it by.
  video.tabIndex = -1
  return video
}

const VOLUME_KEY = 'volume'

/** As loud as it was the last time; listens for as long as the element lives. */
function rememberVolume(element: HTMLVideoElement): void {
  const before = Number(memory.getItem(VOLUME_KEY) ?? 1)
  if (before > 0 && before <= 1) element.volume = before
  element.addEventListener('volumechange', () => {
    if (element.volume > 0) memory.setItem(VOLUME_KEY, String(element.volume))
  })
}

export function usePlayer(): Player {
  const frame = useRef<HTMLDivElement>(null)
  const screen = useRef<HTMLDivElement>(null)
  const isFullscreen = useSignal(false)
  const player = useMemo<Player>(() => {
    const playback = playbackOf(createVideo())
    rememberVolume(playback.element)
    return {
      playback,
      cast: watchCast(playback.element),
      frame,
      screen,
      isFullscreen,
      toggleFullscreen: () => {
        if (frame.current !== null) toggleFullscreen(frame.current, playback.element)
      },
    }
  }, [])
  useLayoutEffect(() => {
    screen.current?.append(player.playback.element)
    return () => {
      player.cast.dispose()
      player.playback.dispose()
      player.playback.element.removeAttribute('src')
      player.playback.element.load()
    }
  }, [player])
  useEffect(() => {
    const onChange = (): void => {
      isFullscreen.value = document.fullscreenElement === frame.current
    }
    document.addEventListener('fullscreenchange', onChange)
    return () => document.removeEventListener('fullscreenchange', onChange)
  }, [])
  return player
}
