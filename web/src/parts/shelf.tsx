// The other torrents, when there are some.
import type { TorrentView } from '../../../src/api/index.ts'
import { formatBytes, formatPercent, formatSpeed } from '../format.ts'
import { waitOf } from '../status.ts'
import { go, torrents } from '../store.ts'
import { titleOf } from '../title.ts'

export function Shelf({ shown }: { readonly shown: TorrentView }) {
  const all = torrents.value ?? []
  if (all.length < 2) return null
  return (
    <nav class="shelf" aria-label="Torrents">
      <ul>
        {all.map(torrent => (
          <li key={torrent.infohash}>
            <button
              type="button"
              class="spine"
              aria-current={torrent.infohash === shown.infohash ? 'page' : undefined}
              onClick={() => go(torrent.infohash)}
            >
              <span class="spine-title">
                {titleOf(torrent.name ?? torrent.infohash.slice(0, 12)).text}
              </span>
              <span class="spine-note">{noteOf(torrent)}</span>
              <span class="spine-bar">
                <span style={{ transform: `scaleX(${shareOf(torrent)})` }} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  )
}

const shareOf = (torrent: TorrentView): number =>
  torrent.wantedBytes === 0 ? 0 : Math.min(1, torrent.verifiedBytes / torrent.wantedBytes)

function noteOf(torrent: TorrentView): string {
  if (torrent.state === 'done') return formatBytes(torrent.totalBytes)
  if (torrent.state !== 'downloading') return waitOf(torrent).headline
  return `${formatPercent(shareOf(torrent))} · ${formatSpeed(torrent.downBytesPerSecond)}`
}
