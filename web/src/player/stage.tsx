// The picture, which comes first, and in its place, until there is one, the word why not.
import { type Signal, useSignal } from '@preact/signals'
import type { FileView, TorrentView } from '../../../src/api/index.ts'
import { waitOf } from '../status.ts'
import { Ambient } from './ambient.tsx'
import { Gallery } from './gallery.tsx'
import { MissingPart } from './missing-part.tsx'
import { HandOver, ProblemCard, SaveCard, Waiting } from './overlays.tsx'
import { type Show, showAs } from './playable.ts'
import { positionKey } from './positions.ts'
import { Theatre } from './theatre.tsx'
import { useFileKeys } from './use-file-keys.ts'
import { type Player, usePlayer } from './use-player.ts'
import { useSource, type Verdict } from './use-source.ts'

interface StageProps {
  readonly torrent: TorrentView
  /** `null` until the list of files is known. */
  readonly file: FileView | null
}

/** Narrower than a square or wider than CinemaScope, the picture gets bars: the page keeps its shape. */
const ASPECT_MIN = 1
const ASPECT_MAX = 2.4
const ASPECT_USUAL = 16 / 9

export function Stage({ torrent, file }: StageProps) {
  const player = usePlayer()
  const { playback } = player
  /** The file that the viewer wants tried although the browser says no. */
  const tried = useSignal<string | null>(null)
  const key = file === null ? null : positionKey(torrent.infohash, file.index)
  const show =
    file === null || (tried.value === key && key !== null)
      ? 'play'
      : showAs(file, mime => playback.element.canPlayType(mime))
  const isSource = file !== null && key !== null && show === 'play' && torrent.state !== 'failed'
  const verdict = useSource(playback, isSource ? { key, url: file.url } : null)
  const isPlaying = isSource && verdict.value === null
  const aspect = playback.aspect.value || ASPECT_USUAL
  const shape = String(Math.max(ASPECT_MIN, Math.min(ASPECT_MAX, aspect)))
  return (
    <section class="stage" aria-label="Player" style={{ '--aspect': shape }}>
      <Ambient playback={playback} />
      <div ref={player.frame} class="frame">
        <div ref={player.screen} class={isPlaying ? 'screen' : 'screen hidden'} />
        {isPlaying ? (
          <Theatre key={key} player={player} torrent={torrent} file={file} />
        ) : (
          <Instead
            player={player}
            torrent={torrent}
            file={file}
            show={show}
            verdict={verdict}
            onTry={() => {
              tried.value = key
            }}
          />
        )}
      </div>
      {isPlaying && <MissingPart key={key} playback={playback} torrent={torrent} file={file} />}
    </section>
  )
}

interface InsteadProps extends StageProps {
  readonly player: Player
  readonly show: Show
  readonly verdict: Signal<Verdict | null>
  readonly onTry: () => void
}

/** What stands where the film would: its metadata to come, a picture, a reason, or another player. */
function Instead({ player, torrent, file, show, verdict, onTry }: InsteadProps) {
  useFileKeys(player, torrent, file)
  if (torrent.state === 'failed') {
    const reason = torrent.problem?.message ?? 'This torrent has failed.'
    return <ProblemCard torrent={torrent} reason={reason} />
  }
  if (file === null) return <Waiting wait={waitOf(torrent)} isSmall={false} />
  if (verdict.value?.kind === 'refused') {
    return <ProblemCard torrent={torrent} reason={verdict.value.reason} />
  }
  if (show === 'image') {
    return <Gallery player={player} torrent={torrent} file={file} />
  }
  if (show === 'save') return <SaveCard file={file} />
  return <HandOver torrent={torrent} file={file} onTry={verdict.value === null ? onTry : null} />
}
