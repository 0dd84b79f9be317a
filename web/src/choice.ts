// Which file to play: first, next and before. Pure.
import type { FileView } from '../../src/api/index.ts'

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** By folder and name, with `2` before `10`. */
export const inOrder = (files: readonly FileView[]): FileView[] =>
  [...files].sort((one, other) => collator.compare(one.path, other.path))

export const isPlayable = (file: FileView): boolean =>
  file.kind === 'video' || file.kind === 'audio'

/** Episodes of one series differ by less than this; a film and its trailer by more. */
const CLEARLY_LARGER = 3

/**
 * What to show of a torrent that was just opened: what was shown last; else the film if one video is
 * far larger than the others; else the first video, sound or picture in order; else the first file.
 */
export function defaultFile(files: readonly FileView[], lastShown: string | null): FileView | null {
  const last = lastShown === null ? undefined : files.find(file => String(file.index) === lastShown)
  if (last !== undefined) return last
  for (const kind of ['video', 'audio', 'image'] as const) {
    const ordered = inOrder(files.filter(file => file.kind === kind && file.bytes > 0))
    const bySize = [...ordered].sort((one, other) => other.bytes - one.bytes)
    const [largest, second] = bySize
    if (largest === undefined) continue
    const isFilm = kind === 'video' && largest.bytes > CLEARLY_LARGER * (second?.bytes ?? 0)
    const firstBig = ordered.find(file => file.bytes * CLEARLY_LARGER >= largest.bytes)
    return isFilm ? largest : (firstBig ?? largest)
  }
  return inOrder(files)[0] ?? null
}

/** The file that plays after (`step` 1) or before (`step` -1) this one, of those that play alike. */
export function neighbour(
  files: readonly FileView[],
  current: FileView,
  step: 1 | -1,
): FileView | null {
  const alike = inOrder(
    files.filter(file => (current.kind === 'image' ? file.kind === 'image' : isPlayable(file))),
  )
  const at = alike.findIndex(file => file.index === current.index)
  return at < 0 ? null : (alike[at + step] ?? null)
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
