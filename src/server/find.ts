// From the parts of a path to a torrent and a file of the client.
import type { FileView } from '../api/index.ts'
import type { Torrent, TorrentLive } from '../node/index.ts'
import { HttpProblem } from './problem.ts'

/** What the server asks of the client. */
export type Torrents = Pick<TorrentLive, 'torrents' | 'add' | 'onTorrent'>

/** How long a player is kept waiting for the file list before it is told to come again. */
const METADATA_WAIT_MS = 120_000

/** @throws HttpProblem 404 */
export function torrentOf(client: Torrents, infohash: string): Torrent {
  const torrent = client.torrents.find(one => one.infohash === infohash.toLowerCase())
  if (torrent === undefined)
    throw new HttpProblem(404, 'unknown-torrent', 'Add this torrent first: it is not here.')
  return torrent
}

/**
 * Waits for the file list, then gives the file.
 *
 * @param index as written in a path.
 * @throws HttpProblem 404 for no such file, 503 while the file list is not known.
 */
export async function fileOf(
  torrent: Torrent,
  index: string,
  signal: AbortSignal,
): Promise<FileView> {
  await metadataOf(torrent, signal)
  const file = /^\d{1,9}$/.test(index)
    ? torrent.view().files.find(one => one.index === Number(index))
    : undefined
  if (file === undefined)
    throw new HttpProblem(404, 'unknown-file', 'Choose one of the files that the torrent lists.')
  return file
}

async function metadataOf(torrent: Torrent, signal: AbortSignal): Promise<void> {
  // Not `AbortSignal.any`: Node 20 may collect such a signal while it is waited for.
  let end: () => void = () => {}
  const ended = new Promise<'ended'>(resolve => {
    end = () => resolve('ended')
  })
  const timer = setTimeout(end, METADATA_WAIT_MS)
  signal.addEventListener('abort', end)
  const known = torrent.metadata.then(
    () => 'known' as const,
    () => 'failed' as const,
  )
  const outcome = await Promise.race([known, ended])
  clearTimeout(timer)
  signal.removeEventListener('abort', end)
  if (outcome === 'failed')
    throw new HttpProblem(410, 'torrent-failed', 'The torrent failed or was removed; add it again.')
  if (outcome === 'ended')
    throw new HttpProblem(503, 'no-metadata', 'No peer has sent the file list yet; try again.', {
      'retry-after': '5',
    })
}
