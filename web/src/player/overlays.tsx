// What may lie over the picture: why it waits, what comes next, and what to do when it cannot play here.
import { type ReadonlySignal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { type FileView, paths, type TorrentView } from '../../../src/api/index.ts'
import { formatBytes } from '../format.ts'
import { CopyIcon, ListIcon, SaveIcon } from '../parts/icons.tsx'
import { nextStep, type Wait } from '../status.ts'
import { tell } from '../store.ts'
import { titleOf } from '../title.ts'
import { outsideUrl, playerLinks } from './playable.ts'

/** A small pill once there has been a picture; the whole screen before. */
export function Waiting({ wait, isSmall }: { readonly wait: Wait; readonly isSmall: boolean }) {
  return (
    <div class={isSmall ? 'waiting small' : 'waiting'}>
      <span class="ring" aria-hidden="true" />
      <div>
        <p class="waiting-headline" role="status">
          {wait.headline}
        </p>
        <p class="waiting-detail">{wait.detail}</p>
      </div>
    </div>
  )
}

interface CardProps {
  readonly headline: string
  readonly children: ComponentChildren
}

const Card = ({ headline, children }: CardProps) => (
  <div class="card">
    <div class="card-inner">
      <h2>{headline}</h2>
      {children}
    </div>
  </div>
)

export function ProblemCard({
  torrent,
  reason,
}: {
  readonly torrent: TorrentView
  readonly reason: string
}) {
  const step = torrent.problem === null ? null : nextStep(torrent.problem.code)
  return (
    <Card headline="It does not play just now">
      <p>{reason}</p>
      {step !== null && <p>{step}</p>}
    </Card>
  )
}

interface HandOverProps {
  readonly torrent: TorrentView
  readonly file: FileView
  /** `null` when the browser has tried and failed. */
  readonly onTry: (() => void) | null
}

/** For what this browser cannot play: a clear word, and every way into a player that can. */
export function HandOver({ torrent, file, onTry }: HandOverProps) {
  const extension = /\.[^./]{1,8}$/.exec(file.path)?.[0] ?? ''
  const media = file.kind === 'audio' ? 'sound' : 'film'
  return (
    <Card
      headline={`This browser cannot play ${extension === '' ? 'this file' : `this ${extension} ${media}`}`}
    >
      <p>A player such as VLC or mpv can, and streams it from here just the same.</p>
      <PlayerLinks torrent={torrent} file={file} />
      {onTry !== null && (
        <button type="button" class="quiet" onClick={onTry}>
          Try here all the same
        </button>
      )}
    </Card>
  )
}

/** Neither film nor picture: something to keep. */
export const SaveCard = ({ file }: { readonly file: FileView }) => (
  <Card headline={file.path.split('/').at(-1) ?? file.path}>
    <p>{formatBytes(file.bytes)}, nothing that a page could show.</p>
    <p class="actions">
      <a class="button" href={file.url} download>
        <SaveIcon /> Save
      </a>
    </p>
  </Card>
)

export function PlayerLinks({ torrent, file }: Omit<HandOverProps, 'onTry'>) {
  const here = new URL(location.href)
  const url = outsideUrl(file.url, here)
  return (
    <div class="player-links">
      <p class="link-field">
        <input
          type="text"
          readOnly
          value={url}
          aria-label="Address of the stream"
          onFocus={event => event.currentTarget.select()}
        />
        <button type="button" class="button" onClick={() => copy(url)}>
          <CopyIcon /> Copy
        </button>
      </p>
      <p class="actions">
        {playerLinks(url, navigator.userAgent).map(player => (
          <a key={player.href} class="button" href={player.href}>
            {player.label}
          </a>
        ))}
        <a class="button" href={outsideUrl(paths.playlist(torrent.infohash), here)} download>
          <ListIcon /> Playlist for a player
        </a>
      </p>
    </div>
  )
}

/** Puts an address on the clipboard; pages without HTTPS on other machines lack one, so the field is there to copy from. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    tell('Copied.')
  } catch {
    tell('The browser keeps its clipboard shut here: mark the address and copy it.')
  }
}

const NEXT_AFTER_SECONDS = 6

interface UpNextProps {
  readonly next: FileView
  readonly onNext: () => void
  readonly onStay: () => void
}

/** Counts down after the end of a film; any key or touch on "Stay here" stops it. */
export function UpNext({ next, onNext, onStay }: UpNextProps) {
  const left = useSignal(NEXT_AFTER_SECONDS)
  useEffect(() => {
    const timer = setInterval(() => {
      left.value -= 1
      if (left.value <= 0) onNext()
    }, 1000)
    return () => clearInterval(timer)
  }, [next.index])
  const title = titleOf(next.path)
  return (
    <Card headline={[title.text, ...title.tags.slice(0, 1)].join(' · ')}>
      <p>
        Next, in <Figure value={left} /> s
      </p>
      <p class="actions">
        <button type="button" class="button primary" onClick={onNext}>
          Play now
        </button>
        <button type="button" class="button" onClick={onStay}>
          Stay here
        </button>
      </p>
    </Card>
  )
}

const Figure = ({ value }: { readonly value: ReadonlySignal<number> }) => <>{value.value}</>
