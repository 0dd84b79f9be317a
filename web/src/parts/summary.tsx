// Under the picture: what it is, how far it is, and what is wrong if something is.
import { useSignal } from '@preact/signals'
import { type FileView, paths, type TorrentView } from '../../../src/api/index.ts'
import { formatBytes, formatSpeed } from '../format.ts'
import { verifiedAheadBytes } from '../pieces.ts'
import { copy } from '../player/overlays.tsx'
import { outsideUrl } from '../player/playable.ts'
import { nextStep, peerLine, progressLine } from '../status.ts'
import { link, lostReason, shownPieces } from '../store.ts'
import { titleOf } from '../title.ts'
import { Breakable } from './breakable.tsx'
import { CopyIcon, ListIcon, RemoveIcon } from './icons.tsx'
import { RemoveDialog } from './remove-dialog.tsx'
import { Sparkline } from './sparkline.tsx'

interface Props {
  readonly torrent: TorrentView
  readonly file: FileView | null
}

export function Summary({ torrent, file }: Props) {
  const isRemoving = useSignal(false)
  const title = titleOf(file?.path ?? torrent.name ?? '')
  const here = new URL(location.href)
  const folder = torrent.files.length > 1 ? (torrent.name ?? '') : ''
  const collection = titleOf(folder).text === title.text ? '' : folder
  return (
    <header class="summary">
      <div class="summary-title">
        <h1>{title.text || 'A torrent without a name yet'}</h1>
        {title.tags.length > 0 && (
          <p class="tags">
            {title.tags.map(tag => (
              <span class="tag" key={tag}>
                {tag}
              </span>
            ))}
          </p>
        )}
        {collection !== '' && (
          <p class="collection">
            from <Breakable name={collection} />
          </p>
        )}
        {title.text === '' && <p class="collection infohash">{torrent.infohash}</p>}
      </div>
      <div class="summary-actions">
        {file !== null && (
          <button type="button" class="quiet" onClick={() => copy(outsideUrl(file.url, here))}>
            <CopyIcon /> Copy link
          </button>
        )}
        {torrent.files.length > 0 && (
          <a class="quiet" href={outsideUrl(paths.playlist(torrent.infohash), here)} download>
            <ListIcon /> Playlist
          </a>
        )}
        <button
          type="button"
          class="quiet"
          onClick={() => {
            isRemoving.value = true
          }}
        >
          <RemoveIcon /> Remove
        </button>
      </div>
      {isRemoving.value && (
        <RemoveDialog
          torrent={torrent}
          onClose={() => {
            isRemoving.value = false
          }}
        />
      )}
    </header>
  )
}

/** The figures: speed with its line, how far, from whom. */
export function Figures({ torrent, file }: Props) {
  const aheadBytes = file === null ? 0 : readyAhead(torrent, file)
  const isFetching =
    torrent.files.length > 0 && torrent.state !== 'done' && torrent.state !== 'failed'
  return (
    <div class="figures-row">
      {isFetching && (
        <>
          <p class="speed">{formatSpeed(torrent.downBytesPerSecond)}</p>
          <Sparkline />
        </>
      )}
      <p class="progress-line">
        {progressLine(torrent)}
        <span class="peer-line">
          {peerLine(torrent)}
          {isFetching && aheadBytes > 0 && ` · ${formatBytes(aheadBytes)} ready ahead`}
          {torrent.upBytesPerSecond > 0 && ` · giving ${formatSpeed(torrent.upBytesPerSecond)}`}
          {torrent.wastedBytes > 0 && ` · ${formatBytes(torrent.wastedBytes)} wasted`}
        </span>
      </p>
    </div>
  )
}

/** What the viewer of this file can play before it has to wait; 0 when nobody looks. */
function readyAhead(torrent: TorrentView, file: FileView): number {
  const viewer = torrent.viewers.find(other => other.file === file.index)
  if (viewer === undefined) return 0
  return verifiedAheadBytes(shownPieces.value, torrent.pieceBytes, file, viewer.positionBytes)
}

/** One sentence about what is wrong and one about what to do. */
export function Problem({ torrent }: { readonly torrent: TorrentView }) {
  if (link.value === 'lost') {
    return (
      <p class="problem" role="alert">
        {lostReason.value}
      </p>
    )
  }
  const { problem } = torrent
  if (problem === null || torrent.state === 'failed') return null
  return (
    <p class="problem" role="alert">
      {problem.message} {nextStep(problem.code)}
    </p>
  )
}
