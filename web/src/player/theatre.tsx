// A film or a sound that plays: controls, keys, touches, subtitles, and what comes after the end.
import { type Signal, useComputed, useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { type FileView, subtitleTracks, type TorrentView } from '../../../src/api/index.ts'
import { coverOf, folderOf, neighbour } from '../choice.ts'
import { isHelpOpen } from '../parts/help.tsx'
import { MusicIcon, MutedIcon, PauseIcon, PlayIcon } from '../parts/icons.tsx'
import { verifiedRuns } from '../pieces.ts'
import { waitOf } from '../status.ts'
import { memory } from '../storage.ts'
import { go, link, lostReason, orderFor, shownPieces } from '../store.ts'
import { titleOf } from '../title.ts'
import { Controls } from './controls.tsx'
import { type Gestures, watchGestures } from './gestures.ts'
import { listenToKeys } from './keyboard.ts'
import type { Command } from './keys.ts'
import { announceSession } from './media-session.ts'
import { UpNext, Waiting } from './overlays.tsx'
import { perform } from './perform.ts'
import { type Playback, seekTo, toggle, toggleSound } from './playback.ts'
import { SubtitleText } from './subtitle-text.tsx'
import { rememberedTrack, rememberTrack, trackAfter } from './track-choice.ts'
import type { Player } from './use-player.ts'

interface Props {
  readonly player: Player
  readonly torrent: TorrentView
  readonly file: FileView
}

/** The bar shows no more stretches than this, at any width. */
const SCRUB_RESOLUTION = 2000

export function Theatre({ player, torrent, file }: Props) {
  const { playback } = player
  const order = orderFor(torrent)
  const next = neighbour(torrent.files, order, { current: file, step: 1 })
  const previous = neighbour(torrent.files, order, { current: file, step: -1 })
  const opener = (other: FileView | null) =>
    other === null ? null : () => go(torrent.infohash, other.index)
  const tracks = useMemo(
    () => subtitleTracks({ infohash: torrent.infohash, files: torrent.files, video: file }),
    [torrent.infohash, file.index, torrent.files.length],
  )
  const track = useSignal(rememberedTrack(memory, tracks))
  const chooseTrack = (index: number): void => {
    track.value = index
    rememberTrack(memory, tracks, index)
  }
  const runs = useComputed(() =>
    verifiedRuns(shownPieces.value, torrent.pieceBytes, file, SCRUB_RESOLUTION),
  )
  const flash = useFlash()
  const run = (command: Command): void => {
    const text = perform(command, playback, {
      go: step => (step === 1 ? opener(next) : opener(previous))?.(),
      toggleFullscreen: player.toggleFullscreen,
      showHelp: () => {
        isHelpOpen.value = true
      },
      nextTrack: () => {
        chooseTrack(trackAfter(tracks, track.value, navigator.languages))
        return tracks[track.value]?.label ?? 'off'
      },
    })
    if (text !== null) flash.show(text)
  }
  useInput(player, run)
  useEffect(() => {
    announceSession({
      title: titleOf(file.path).text,
      seekBy: seconds => seekTo(playback, playback.element.currentTime + seconds),
      next: opener(next),
      previous: opener(previous),
    })
  }, [file.index, next?.index, previous?.index])
  return (
    <>
      {file.kind === 'audio' && <Record torrent={torrent} file={file} />}
      <SubtitleText video={playback.element} tracks={tracks} track={track} />
      <State playback={playback} torrent={torrent} file={file} next={next} />
      {flash.text.value !== null && <output class="flash">{flash.text.value}</output>}
      <Controls
        {...{ playback, runs, tracks, track }}
        onTrack={chooseTrack}
        cast={player.cast}
        isFullscreen={player.isFullscreen.value}
        hasPicture={file.kind === 'video'}
        onFullscreen={player.toggleFullscreen}
        onPrevious={opener(previous)}
        onNext={opener(next)}
      />
    </>
  )
}

/** Keys and touches, for as long as something plays. The frame wears `idle` when nothing moves. */
function useInput(player: Player, run: (command: Command) => void): void {
  const latest = useRef(run)
  latest.current = run
  useEffect(() => {
    const frame = player.frame.current
    const screen = player.screen.current
    if (frame === null || screen === null) return
    const newest = (command: Command): void => latest.current(command)
    const unlisten = listenToKeys(frame, newest)
    const gestures: Gestures = watchGestures({ frame, screen }, newest)
    const wear = (): void => {
      frame.classList.toggle('idle', gestures.isIdle.value && !player.playback.isPaused.value)
    }
    const stops = [gestures.isIdle.subscribe(wear), player.playback.isPaused.subscribe(wear)]
    return () => {
      for (const stop of [unlisten, gestures.dispose, ...stops]) stop()
      frame.classList.remove('idle')
    }
  }, [player])
}

const FLASH_MS = 900

interface Flash {
  readonly text: Signal<string | null>
  readonly show: (text: string) => void
}

/** Answers a key for a moment: `+10 s`, `Sound 60 %`. */
function useFlash(): Flash {
  const text = useSignal<string | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const show = (said: string): void => {
    text.value = said
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      text.value = null
    }, FLASH_MS)
  }
  return { text, show }
}

interface StateProps {
  readonly playback: Playback
  readonly torrent: TorrentView
  readonly file: FileView
  readonly next: FileView | null
}

/** The one thing over the picture that matters now: waiting, paused, over, or silenced. */
function State({ playback, torrent, file, next }: StateProps) {
  const isStaying = useSignal(false)
  const { isPaused, isWaiting, isReady, hasEnded, isSilenced } = playback
  const onNext = next === null ? null : () => go(torrent.infohash, next.index)
  useEffect(() => {
    if (hasEnded.value && file.kind === 'audio') onNext?.()
  }, [hasEnded.value])
  if (hasEnded.value && next !== null && onNext !== null && !isStaying.value) {
    if (file.kind === 'audio') return null
    const stay = (): void => {
      isStaying.value = true
    }
    return <UpNext next={next} onNext={onNext} onStay={stay} />
  }
  if (isWaiting.value && !isPaused.value) {
    const wait =
      link.value === 'lost'
        ? { headline: 'Connection lost', detail: lostReason.value }
        : waitOf(torrent)
    return <Waiting wait={wait} isSmall={isReady.value} />
  }
  return (
    <>
      <button
        type="button"
        class={isPaused.value ? 'big-play paused' : 'big-play'}
        aria-label={isPaused.value ? 'Play' : 'Pause'}
        onClick={() => toggle(playback)}
      >
        {isPaused.value ? <PlayIcon /> : <PauseIcon />}
      </button>
      {isSilenced.value && (
        <button type="button" class="silenced" onClick={() => toggleSound(playback)}>
          <MutedIcon /> Sound on
        </button>
      )}
    </>
  )
}

/** A sound has no picture: its cover and its name take the place. */
function Record({ torrent, file }: Omit<Props, 'player'>) {
  const cover = coverOf(torrent.files, file)
  const folder = folderOf(file.path).split('/').at(-1) ?? ''
  return (
    <div class="record">
      {cover === null ? <MusicIcon /> : <img src={cover.url} alt="" />}
      <p class="record-title">{titleOf(file.path).text}</p>
      {folder !== '' && <p class="record-folder">{folder}</p>}
    </div>
  )
}
