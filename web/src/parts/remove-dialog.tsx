// Asks before a torrent goes, and whether its files go with it.
import { useSignal } from '@preact/signals'
import type { TorrentView } from '../../../src/api/index.ts'
import { formatBytes } from '../format.ts'
import { go, remove, torrents } from '../store.ts'
import { titleOf } from '../title.ts'
import { Dialog } from './dialog.tsx'

interface Props {
  readonly torrent: TorrentView
  readonly onClose: () => void
}

export function RemoveDialog({ torrent, onClose }: Props) {
  const deletesFiles = useSignal(false)
  const name = titleOf(torrent.name ?? torrent.infohash).text
  const onRemove = async (): Promise<void> => {
    onClose()
    await remove(torrent.infohash, deletesFiles.value)
    const left = torrents.value?.[0]
    if (left !== undefined) go(left.infohash)
  }
  return (
    <Dialog title={`Remove “${name}”?`} onClose={onClose}>
      <p>It stops being fetched, and leaves this page.</p>
      <label class="check">
        <input
          type="checkbox"
          checked={deletesFiles.value}
          onChange={event => {
            deletesFiles.value = event.currentTarget.checked
          }}
        />
        <span>
          Delete its files too
          {torrent.verifiedBytes > 0 && `: ${formatBytes(torrent.verifiedBytes)} on the disk`}
        </span>
      </label>
      <p class="actions end">
        <button type="button" class="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="button danger" onClick={onRemove}>
          {deletesFiles.value ? 'Remove and delete' : 'Remove'}
        </button>
      </p>
    </Dialog>
  )
}
