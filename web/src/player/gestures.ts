// Touch and mouse on the picture: a click plays, a double click takes the whole screen; a touch shows
// the controls, a double touch at either side jumps. The controls go when nothing moves for a while.
import { type Signal, signal } from '@preact/signals'
import type { Command } from './keys.ts'

const IDLE_AFTER_MS = 2600
const DOUBLE_TOUCH_MS = 320
const JUMP_SECONDS = 10

export interface Gestures {
  /** Nothing has moved for a while: the controls may go. */
  readonly isIdle: Signal<boolean>
  readonly dispose: () => void
}

export interface Surfaces {
  readonly frame: HTMLElement
  readonly screen: HTMLElement
}

export function watchGestures(surfaces: Surfaces, run: (command: Command) => void): Gestures {
  const { frame, screen } = surfaces
  const isIdle = signal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastTouchMs = Number.NEGATIVE_INFINITY
  const wake = (): void => {
    isIdle.value = false
    clearTimeout(timer)
    timer = setTimeout(() => {
      isIdle.value = true
    }, IDLE_AFTER_MS)
  }
  const touched = (event: PointerEvent): void => {
    const isDouble = event.timeStamp - lastTouchMs < DOUBLE_TOUCH_MS
    lastTouchMs = isDouble ? Number.NEGATIVE_INFINITY : event.timeStamp
    const box = screen.getBoundingClientRect()
    const share = (event.clientX - box.left) / box.width
    if (isDouble && share < 1 / 3) run({ kind: 'seek-by', seconds: -JUMP_SECONDS })
    else if (isDouble && share > 2 / 3) run({ kind: 'seek-by', seconds: JUMP_SECONDS })
    else if (isIdle.value) wake()
    else isIdle.value = true
  }
  const onClick = (event: MouseEvent): void => {
    const pointer = event as PointerEvent
    if (pointer.pointerType === 'touch') touched(pointer)
    else run({ kind: 'toggle' })
  }
  const onDoubleClick = (event: MouseEvent): void => {
    if ((event as PointerEvent).pointerType !== 'touch') run({ kind: 'fullscreen' })
  }
  const onMove = (event: PointerEvent): void => {
    if (event.pointerType !== 'touch') wake()
  }
  const onLeave = (event: PointerEvent): void => {
    if (event.pointerType === 'mouse') isIdle.value = true
  }
  /** A touch moves the focus as well, before its click; it says for itself what it wants. */
  const onFocus = (event: FocusEvent): void => {
    if (event.target instanceof Element && event.target.matches(':focus-visible')) wake()
  }
  screen.addEventListener('click', onClick)
  screen.addEventListener('dblclick', onDoubleClick)
  frame.addEventListener('pointermove', onMove)
  frame.addEventListener('pointerleave', onLeave)
  frame.addEventListener('focusin', onFocus)
  frame.addEventListener('keydown', wake)
  wake()
  const dispose = (): void => {
    clearTimeout(timer)
    screen.removeEventListener('click', onClick)
    screen.removeEventListener('dblclick', onDoubleClick)
    frame.removeEventListener('pointermove', onMove)
    frame.removeEventListener('pointerleave', onLeave)
    frame.removeEventListener('focusin', onFocus)
    frame.removeEventListener('keydown', wake)
  }
  return { isIdle, dispose }
}
