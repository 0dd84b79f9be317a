// Browsers drop a sound or picture that they cannot decode without a word. This says it for them.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { FileView, TorrentView } from '../../../src/api/index.ts'
import { CloseIcon } from '../parts/icons.tsx'
import { PlayerLinks } from './overlays.tsx'
import { missingPart, type Playback } from './playback.ts'

/** By then a sound that can be decoded has been. */
const KNOWN_AFTER_SECONDS = 3

interface Props {
  readonly playback: Playback
  readonly torrent: TorrentView
  readonly file: FileView
}

export function MissingPart({ playback, torrent, file }: Props) {
  const missing = useSignal<'picture' | 'sound' | null>(null)
  useEffect(() => {
    let playedSeconds = 0
    let before = playback.seconds.peek()
    const unsubscribe = playback.seconds.subscribe(now => {
      const step = now - before
      before = now
      // A seek is not playing.
      if (step > 0 && step < 1) playedSeconds += step
      if (playedSeconds < KNOWN_AFTER_SECONDS) return
      missing.value = missingPart(playback.element, file.kind)
      unsubscribe()
    })
    return unsubscribe
  }, [playback])
  if (missing.value === null) return null
  const text =
    missing.value === 'sound'
      ? 'No sound reaches the browser: the film is silent, or its sound is of a kind that browsers cannot play. A player can:'
      : 'No picture reaches the browser: it is of a kind that this one cannot play. A player can:'
  return (
    <aside class="note">
      <p>{text}</p>
      <PlayerLinks torrent={torrent} file={file} />
      <button
        type="button"
        class="icon-button"
        aria-label="Close this note"
        onClick={() => {
          missing.value = null
        }}
      >
        <CloseIcon />
      </button>
    </aside>
  )
}
