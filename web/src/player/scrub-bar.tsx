// The film's length as a bar: what is verified on this machine, where we are, and a touch to go elsewhere.
import { type ReadonlySignal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { formatClock, spokenClock } from '../format.ts'
import type { Run } from '../pieces.ts'
import { type Playback, seekTo } from './playback.ts'

interface Props {
  readonly playback: Playback
  readonly runs: ReadonlySignal<readonly Run[]>
}

export function ScrubBar({ playback, runs }: Props) {
  /** Share of the film under the pointer, or `null`. */
  const pointed = useSignal<number | null>(null)
  const isHeld = useSignal(false)
  const { duration, seconds } = playback
  const shareOf = (event: PointerEvent): number => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width))
  }
  const onPointerMove = (event: PointerEvent): void => {
    if (event.pointerType === 'mouse' || isHeld.value) pointed.value = shareOf(event)
  }
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0 || duration.value === 0) return
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
    isHeld.value = true
    pointed.value = shareOf(event)
  }
  const onPointerUp = (event: PointerEvent): void => {
    if (!isHeld.value) return
    isHeld.value = false
    seekTo(playback, shareOf(event) * duration.value)
    if (event.pointerType !== 'mouse') pointed.value = null
  }
  const letGo = (): void => {
    isHeld.value = false
    pointed.value = null
  }
  const shown =
    isHeld.value && pointed.value !== null ? pointed.value * duration.value : seconds.value
  const share = duration.value > 0 ? shown / duration.value : 0
  return (
    <div
      class={isHeld.value ? 'scrub held' : 'scrub'}
      role="slider"
      tabIndex={0}
      aria-label="Position"
      aria-valuemin={0}
      aria-valuemax={Math.floor(duration.value)}
      aria-valuenow={Math.floor(shown)}
      aria-valuetext={`${spokenClock(shown)} of ${spokenClock(duration.value)}`}
      aria-disabled={duration.value === 0}
      onPointerMove={onPointerMove}
      onPointerDown={onPointerDown}
      onPointerUp={onPointerUp}
      onPointerCancel={letGo}
      onPointerLeave={() => {
        if (!isHeld.value) pointed.value = null
      }}
    >
      <div class="scrub-track">
        <RunCanvas runs={runs} />
        <div class="scrub-seen" style={{ transform: `scaleX(${share})` }} />
      </div>
      <div class="scrub-knob" style={{ left: `${share * 100}%` }} />
      {pointed.value !== null && duration.value > 0 && (
        <output
          class="scrub-time"
          style={{ left: `clamp(1.6rem, ${pointed.value * 100}%, 100% - 1.6rem)` }}
        >
          {formatClock(pointed.value * duration.value)}
        </output>
      )}
    </div>
  )
}

/** Painted, because a film fetched out of order has more stretches than a page should have elements. */
function RunCanvas({ runs }: { readonly runs: ReadonlySignal<readonly Run[]> }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const current = runs.value
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const paint = (): void => paintRuns(element, current)
    const observer = new ResizeObserver(paint)
    observer.observe(element)
    paint()
    return () => observer.disconnect()
  }, [current])
  return <canvas ref={canvas} class="scrub-runs" />
}

function paintRuns(canvas: HTMLCanvasElement, runs: readonly Run[]): void {
  const width = Math.round(canvas.clientWidth * devicePixelRatio)
  if (width === 0) return
  canvas.width = width
  canvas.height = 1
  const context = canvas.getContext('2d')
  if (context === null) return
  context.fillStyle = getComputedStyle(canvas).color
  for (const run of runs) {
    const left = Math.floor(run.begin * width)
    context.fillRect(left, 0, Math.max(1, Math.ceil(run.end * width) - left), 1)
  }
}
