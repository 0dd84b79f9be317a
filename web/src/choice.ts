// Which file to play: first, next and before. Pure. An *order* is the positions of files in their list,
// by folder and name as people read them; it is sorted once for a torrent, whose names never change.
import type { FileView } from '../../src/api/index.ts'

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Positions in `files`, with `2` before `10`. */
export function orderOf(files: readonly FileView[]): number[] {
  const path = (position: number): string => files[position]?.path ?? ''
  return [...files.keys()].sort((one, other) => collator.compare(path(one), path(other)))
}

/** The files themselves, in an order. */
export const inOrder = (files: readonly FileView[], order: readonly number[]): FileView[] =>
  order.flatMap(position => files[position] ?? [])

const isPlayable = (file: FileView): boolean => file.kind === 'video' || file.kind === 'audio'

/** Nobody wants the sample of a film after the film. */
const isAside = (file: FileView): boolean =>
  /(?:^|[\W_])(?:sample|trailer)s?(?:[\W_]|$)/i.test(file.path)

/** Episodes of one series differ by less than this; a film and its trailer by more. */
const CLEARLY_LARGER = 3

/**
 * What to show of a torrent that was just opened: what was shown last; else the film if one video is
 * far larger than the others; else the first video, sound or picture in order, trailers passed over;
 * else the first file.
 */
export function defaultFile(
  files: readonly FileView[],
  order: readonly number[],
  lastShown: string | null,
): FileView | null {
  const last = lastShown === null ? undefined : files.find(file => String(file.index) === lastShown)
  if (last !== undefined) return last
  const ordered = inOrder(files, order)
  for (const kind of ['video', 'audio', 'image'] as const) {
    const alike = ordered.filter(file => file.kind === kind && file.bytes > 0)
    const largestBytes = Math.max(0, ...alike.map(file => file.bytes))
    const main = alike.find(file => file.bytes * CLEARLY_LARGER >= largestBytes)
    if (main !== undefined) return main
  }
  return ordered[0] ?? null
}

/**
 * The file that plays after (`step` 1) or before (`step` -1) this one, samples and trailers passed
 * over; pictures follow pictures, and from a file that is neither it goes to the next that plays.
 */
export function neighbour(
  files: readonly FileView[],
  order: readonly number[],
  from: { readonly current: FileView; readonly step: 1 | -1 },
): FileView | null {
  const { current, step } = from
  let rank = order.findIndex(position => files[position]?.index === current.index)
  if (rank < 0) return null
  for (rank += step; rank >= 0 && rank < order.length; rank += step) {
    const file = files[order[rank] ?? -1]
    if (file === undefined) continue
    const isAlike = current.kind === 'image' ? file.kind === 'image' : isPlayable(file)
    if (isAlike && !isAside(file)) return file
  }
  return null
}

/** The picture of a record: `cover.jpg` and its like, beside the song or one folder above. */
export function coverOf(files: readonly FileView[], song: FileView): FileView | null {
  const folder = folderOf(song.path)
  const covers = files.filter(
    file =>
      file.kind === 'image' &&
      /(?:^|\/)(?:cover|folder|front|album)\.\w+$/i.test(file.path) &&
      [folder, folderOf(folder)].includes(folderOf(file.path)),
  )
  return covers.find(file => folderOf(file.path) === folder) ?? covers[0] ?? null
}

/** Everything before the last `/`, empty at the top. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
