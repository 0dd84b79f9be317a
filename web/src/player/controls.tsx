// The controls over the picture. They ask the playback and the player's frame; they decide nothing.
import { type ReadonlySignal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { SubtitleTrack } from '../../../src/api/index.ts'
import { formatClock } from '../format.ts'
import {
  CastIcon,
  FloatIcon,
  FullscreenIcon,
  LeaveFullscreenIcon,
  MutedIcon,
  NextIcon,
  PauseIcon,
  PlayIcon,
  PreviousIcon,
  SoundIcon,
  SubtitlesIcon,
} from '../parts/icons.tsx'
import type { Run } from '../pieces.ts'
import { cycleRate, type Playback, toggle, toggleSound } from './playback.ts'
import { type Cast, canFloat, toggleFloating } from './screens.ts'
import { ScrubBar } from './scrub-bar.tsx'

export interface ControlsProps {
  readonly playback: Playback
  readonly cast: Cast
  readonly runs: ReadonlySignal<readonly Run[]>
  readonly tracks: readonly SubtitleTrack[]
  /** Index in `tracks`, or -1. */
  readonly track: ReadonlySignal<number>
  readonly onTrack: (index: number) => void
  readonly isFullscreen: boolean
  readonly hasPicture: boolean
  readonly onFullscreen: () => void
  readonly onPrevious: (() => void) | null
  readonly onNext: (() => void) | null
}

export function Controls(props: ControlsProps) {
  const { playback, cast } = props
  const isPaused = playback.isPaused.value
  return (
    <div class="controls">
      <ScrubBar playback={playback} runs={props.runs} />
      <div class="controls-row">
        {props.onPrevious !== null && (
          <Button label="Previous file (p)" onClick={props.onPrevious} class="wide-only">
            <PreviousIcon />
          </Button>
        )}
        <Button label={isPaused ? 'Play (k)' : 'Pause (k)'} onClick={() => toggle(playback)}>
          {isPaused ? <PlayIcon /> : <PauseIcon />}
        </Button>
        {props.onNext !== null && (
          <Button label="Next file (n)" onClick={props.onNext}>
            <NextIcon />
          </Button>
        )}
        <Volume playback={playback} />
        <span class="clock">
          {formatClock(playback.seconds.value)}
          <span class="clock-end"> / {formatClock(playback.duration.value)}</span>
        </span>
        <span class="spring" />
        <Rate playback={playback} />
        {props.tracks.length > 0 && (
          <SubtitleMenu tracks={props.tracks} track={props.track} onTrack={props.onTrack} />
        )}
        {cast.isAvailable.value && (
          <Button label="Play on another screen" onClick={cast.choose}>
            <CastIcon />
          </Button>
        )}
        {props.hasPicture && canFloat() && (
          <Button
            label="Small window"
            onClick={() => toggleFloating(playback.element)}
            class="wide-only"
          >
            <FloatIcon />
          </Button>
        )}
        {props.hasPicture && (
          <Button
            label={props.isFullscreen ? 'Leave the whole screen (f)' : 'Whole screen (f)'}
            onClick={props.onFullscreen}
          >
            {props.isFullscreen ? <LeaveFullscreenIcon /> : <FullscreenIcon />}
          </Button>
        )}
      </div>
    </div>
  )
}

interface ButtonProps {
  readonly label: string
  readonly onClick: () => void
  readonly class?: string
  readonly children: ComponentChildren
}

const Button = (props: ButtonProps) => (
  <button
    type="button"
    class={`control ${props.class ?? ''}`}
    aria-label={props.label}
    title={props.label}
    onClick={props.onClick}
  >
    {props.children}
  </button>
)

/** Fast films are rare: the button is there when it is wide enough, or when one runs fast. */
function Rate({ playback }: { readonly playback: Playback }) {
  const rate = playback.rate.value
  return (
    <button
      type="button"
      class={rate === 1 ? 'control rate wide-only' : 'control rate chosen'}
      aria-label={`Speed: ${rate} times`}
      title="Speed (< >)"
      onClick={() => cycleRate(playback)}
    >
      {rate}×
    </button>
  )
}

function Volume({ playback }: { readonly playback: Playback }) {
  const isMuted = playback.isMuted.value
  const percent = isMuted ? 0 : Math.round(playback.volume.value * 100)
  return (
    <span class="volume">
      <Button
        label={isMuted ? 'Sound on (m)' : 'Sound off (m)'}
        onClick={() => toggleSound(playback)}
      >
        {isMuted ? <MutedIcon /> : <SoundIcon />}
      </Button>
      <input
        type="range"
        class="volume-slider"
        aria-label="Volume"
        min={0}
        max={100}
        step={5}
        value={percent}
        style={{ '--filled': `${percent}%` }}
        onInput={event => {
          playback.element.volume = Number(event.currentTarget.value) / 100
          playback.element.muted = playback.element.volume === 0
        }}
      />
    </span>
  )
}

interface SubtitleMenuProps {
  readonly tracks: readonly SubtitleTrack[]
  readonly track: ReadonlySignal<number>
  readonly onTrack: (index: number) => void
}

function SubtitleMenu({ tracks, track, onTrack }: SubtitleMenuProps) {
  const isOpen = useSignal(false)
  const choose = (index: number): void => {
    onTrack(index)
    isOpen.value = false
  }
  return (
    <fieldset
      class="menu"
      onFocusOut={event => {
        const next = event.relatedTarget as Node | null
        if (next === null || !event.currentTarget.contains(next)) isOpen.value = false
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') isOpen.value = false
      }}
    >
      <button
        type="button"
        class={track.value >= 0 ? 'control chosen' : 'control'}
        aria-label="Subtitles (c)"
        title="Subtitles (c)"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        <SubtitlesIcon />
      </button>
      {isOpen.value && (
        <span class="menu-list">
          {[-1, ...tracks.keys()].map(index => (
            <button
              type="button"
              key={index}
              class="menu-item"
              aria-pressed={track.value === index}
              onClick={() => choose(index)}
            >
              {index < 0 ? 'Off' : (tracks[index]?.label ?? '')}
            </button>
          ))}
        </span>
      )}
    </fieldset>
  )
}
