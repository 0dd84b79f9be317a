// What is inside: pick what plays, choose what is fetched. Long lists open in steps.
import { useSignal } from '@preact/signals'
import type { FileView, MediaKind, TorrentView } from '../../../src/api/index.ts'
import { folderOf, inOrder } from '../choice.ts'
import { formatBytes, formatPercent, plural } from '../format.ts'
import { go, orderFor, wantFiles } from '../store.ts'
import { Breakable } from './breakable.tsx'
import { FilmIcon, ImageIcon, MusicIcon, TextIcon } from './icons.tsx'

/** Rows shown at first, and again at each wish for more: 10,000 at once would freeze a phone. */
const ROWS_STEP = 100
/** From here on a list wants to be searched. */
const SEARCH_FROM = 15

interface Props {
  readonly torrent: TorrentView
  readonly current: FileView | null
}

export function Files({ torrent, current }: Props) {
  const search = useSignal('')
  const rowsMax = useSignal(ROWS_STEP)
  const { files } = torrent
  if (files.length === 0) return null
  const needle = search.value.trim().toLowerCase()
  const ordered = inOrder(files, orderFor(torrent))
  const found =
    needle === '' ? ordered : ordered.filter(file => file.path.toLowerCase().includes(needle))
  const rows = found.slice(0, rowsMax.value)
  const want = (changed: readonly FileView[], isWanted: boolean): void => {
    const wanted = new Set(files.filter(file => file.isWanted).map(file => file.index))
    for (const file of changed) {
      if (isWanted) wanted.add(file.index)
      else wanted.delete(file.index)
    }
    void wantFiles(torrent, wanted)
  }
  return (
    <section class="panel files" aria-labelledby="files-title">
      <div class="panel-head">
        <h2 id="files-title">{files.length === 1 ? 'File' : 'Files'}</h2>
        <span class="panel-note">{formatBytes(torrent.totalBytes)}</span>
        <span class="spring" />
        {files.length > 1 && (
          <span class="panel-tools">
            <button type="button" class="quiet" onClick={() => want(found, true)}>
              Fetch all
            </button>
            <button type="button" class="quiet" onClick={() => want(found, false)}>
              None
            </button>
          </span>
        )}
      </div>
      {files.length >= SEARCH_FROM && (
        <input
          type="search"
          class="field"
          placeholder={`Search ${files.length} files`}
          aria-label="Search the files"
          value={search.value}
          onInput={event => {
            search.value = event.currentTarget.value
          }}
        />
      )}
      <ul class="rows">
        {rows.map((file, index) => (
          <FileRow
            key={file.index}
            file={file}
            folder={folderAbove(rows[index - 1], file)}
            isCurrent={file.index === current?.index}
            isOnly={files.length === 1}
            onPlay={() => go(torrent.infohash, file.index)}
            onWant={isWanted => want([file], isWanted)}
          />
        ))}
      </ul>
      {found.length > rows.length && (
        <button
          type="button"
          class="quiet more"
          onClick={() => {
            rowsMax.value += ROWS_STEP
          }}
        >
          Show more of {plural(found.length - rows.length, 'file')}
        </button>
      )}
      {found.length === 0 && <p class="hint">No file is called so.</p>}
    </section>
  )
}

/** The folder to name above a file: none if the file before it named it already. */
const folderAbove = (before: FileView | undefined, file: FileView): string | null => {
  const folder = folderOf(file.path)
  return folder === folderOf(before?.path ?? '') ? null : folder
}

interface RowProps {
  readonly file: FileView
  /** Said above the first of its files. */
  readonly folder: string | null
  readonly isCurrent: boolean
  readonly isOnly: boolean
  readonly onPlay: () => void
  readonly onWant: (isWanted: boolean) => void
}

function FileRow({ file, folder, isCurrent, isOnly, onPlay, onWant }: RowProps) {
  const name = file.path.split('/').at(-1) ?? file.path
  const share = file.bytes === 0 ? 1 : file.verifiedBytes / file.bytes
  const KindIcon = ICONS[file.kind]
  return (
    <>
      {folder !== null && folder !== '' && (
        <li class="folder">
          <Breakable name={folder} />
        </li>
      )}
      <li
        class={['row', isCurrent && 'current', !file.isWanted && 'unwanted']
          .filter(Boolean)
          .join(' ')}
      >
        {!isOnly && (
          <input
            type="checkbox"
            checked={file.isWanted}
            aria-label={`Fetch ${name}`}
            onChange={event => onWant(event.currentTarget.checked)}
          />
        )}
        <button
          type="button"
          class="row-main"
          aria-current={isCurrent ? 'true' : undefined}
          onClick={onPlay}
        >
          <KindIcon />
          <span class="row-name">
            <Breakable name={name} />
          </span>
          <span class="row-note">
            {share >= 1 ? '' : share > 0 ? `${formatPercent(share)} of ` : ''}
            {formatBytes(file.bytes)}
          </span>
        </button>
        {share < 1 && <span class="row-bar" style={{ transform: `scaleX(${share})` }} />}
      </li>
    </>
  )
}

const ICONS: Readonly<Record<MediaKind, typeof FilmIcon>> = {
  video: FilmIcon,
  audio: MusicIcon,
  image: ImageIcon,
  subtitle: TextIcon,
  text: TextIcon,
  other: TextIcon,
}
