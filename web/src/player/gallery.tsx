// A picture among pictures: shown whole, with a way to the next.
import type { FileView, TorrentView } from '../../../src/api/index.ts'
import { neighbour } from '../choice.ts'
import { FullscreenIcon, LeaveFullscreenIcon, NextIcon, PreviousIcon } from '../parts/icons.tsx'
import { go, orderFor } from '../store.ts'
import { titleOf } from '../title.ts'
import type { Player } from './use-player.ts'

interface Props {
  readonly player: Player
  readonly torrent: TorrentView
  readonly file: FileView
}

export function Gallery({ player, torrent, file }: Props) {
  const order = orderFor(torrent)
  const opener = (step: 1 | -1) => {
    const other = neighbour(torrent.files, order, { current: file, step })
    return other === null ? null : () => go(torrent.infohash, other.index)
  }
  const onPrevious = opener(-1)
  const onNext = opener(1)
  const isFullscreen = player.isFullscreen.value
  return (
    <>
      <img class="picture" src={file.url} alt={titleOf(file.path).text} />
      <div class="gallery">
        {onPrevious !== null && (
          <button
            type="button"
            class="control"
            aria-label="Previous picture (p)"
            onClick={onPrevious}
          >
            <PreviousIcon />
          </button>
        )}
        {onNext !== null && (
          <button type="button" class="control" aria-label="Next picture (n)" onClick={onNext}>
            <NextIcon />
          </button>
        )}
        <button
          type="button"
          class="control"
          aria-label={isFullscreen ? 'Leave the whole screen (f)' : 'Whole screen (f)'}
          onClick={player.toggleFullscreen}
        >
          {isFullscreen ? <LeaveFullscreenIcon /> : <FullscreenIcon />}
        </button>
      </div>
    </>
  )
}
