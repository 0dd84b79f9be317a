// The page: a slim head, the picture, and what there is to know about it.
import { useEffect } from 'preact/hooks'
import { AddButton, AddDialog, DropVeil } from './parts/add.tsx'
import { Files } from './parts/files.tsx'
import { Help, isHelpOpen } from './parts/help.tsx'
import { HelpIcon } from './parts/icons.tsx'
import { NoticeLine } from './parts/notice.tsx'
import { Peers } from './parts/peers.tsx'
import { PieceMap } from './parts/piece-map.tsx'
import { Shelf } from './parts/shelf.tsx'
import { Figures, Problem, Summary } from './parts/summary.tsx'
import { Connecting, Welcome } from './parts/welcome.tsx'
import { Stage } from './player/stage.tsx'
import { connect, shown, shownFile, torrents } from './store.ts'
import { titleOf } from './title.ts'

export function Page() {
  useEffect(connect, [])
  const torrent = shown.value
  const file = shownFile.value
  const title = titleOf(file?.path ?? torrent?.name ?? '').text
  useEffect(() => {
    document.title = title === '' ? 'torrent-live' : `${title} · torrent-live`
  }, [title])
  return (
    <>
      <Masthead isAddShown={torrent !== null} />
      <main>
        {torrent === null ? (
          torrents.value === null ? (
            <Connecting />
          ) : (
            <Welcome />
          )
        ) : (
          <>
            <Stage torrent={torrent} file={file} />
            <div class="below">
              <Problem torrent={torrent} />
              <Shelf shown={torrent} />
              <Summary torrent={torrent} file={file} />
              <Figures torrent={torrent} file={file} />
              <PieceMap torrent={torrent} />
              <div class="panels">
                <Files torrent={torrent} current={file} />
                <Peers torrent={torrent} />
              </div>
            </div>
          </>
        )}
      </main>
      <AddDialog />
      <Help />
      <DropVeil />
      <NoticeLine />
    </>
  )
}

const Masthead = ({ isAddShown }: { readonly isAddShown: boolean }) => (
  <header class="masthead">
    <a class="brand" href="#/">
      <img src="/icon.svg" alt="" width="28" height="28" />
      torrent-live
    </a>
    <span class="spring" />
    <button
      type="button"
      class="icon-button"
      aria-label="Keys (?)"
      title="Keys (?)"
      onClick={() => {
        isHelpOpen.value = true
      }}
    >
      <HelpIcon />
    </button>
    {isAddShown && <AddButton />}
  </header>
)
