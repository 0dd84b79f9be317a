// Subtitles in the page's own hand: the browser reads and times them, the page writes their words, as
// text and nothing else, clear of the controls.
import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { SubtitleTrack } from '../../../src/api/index.ts'

interface Props {
  readonly video: HTMLVideoElement
  readonly tracks: readonly SubtitleTrack[]
  /** Index of the chosen one, or -1. */
  readonly track: Signal<number>
}

export function SubtitleText({ video, tracks, track }: Props) {
  const text = useSignal('')
  const chosen = tracks[track.value]
  useEffect(() => {
    text.value = ''
    if (chosen === undefined) return
    const element = document.createElement('track')
    element.kind = 'subtitles'
    element.label = chosen.label
    element.srclang = chosen.language
    element.src = chosen.url
    video.append(element)
    element.track.mode = 'hidden'
    const onCue = (): void => {
      text.value = Array.from(element.track.activeCues ?? [], wordsOf).join('\n')
    }
    // An iPhone's own player takes the video without this page around it, and has to write them itself.
    const onOwnPlayer = (): void => {
      element.track.mode = 'showing'
    }
    const onReturn = (): void => {
      element.track.mode = 'hidden'
    }
    element.track.addEventListener('cuechange', onCue)
    video.addEventListener('webkitbeginfullscreen', onOwnPlayer)
    video.addEventListener('webkitendfullscreen', onReturn)
    return () => {
      element.track.removeEventListener('cuechange', onCue)
      video.removeEventListener('webkitbeginfullscreen', onOwnPlayer)
      video.removeEventListener('webkitendfullscreen', onReturn)
      element.remove()
    }
  }, [chosen?.url, video])
  if (text.value === '') return null
  return (
    <p class="subtitles">
      <span>{text.value}</span>
    </p>
  )
}

/** The browser parses the cue's markup into nodes that are never put into the page. */
const wordsOf = (cue: TextTrackCue): string =>
  cue instanceof VTTCue ? (cue.getCueAsHTML().textContent ?? '') : ''
