// A media element as signals: what it does now, and the few things one can ask of it.
import { signal } from '@preact/signals'

type State = ReturnType<typeof signalsOf>

/** An element with what it does now; the signals are for reading, but for `isSilenced`. */
export interface Playback extends State {
  readonly element: HTMLVideoElement
  readonly dispose: () => void
}

/** Listens to an element until `dispose`. */
export function playbackOf(element: HTMLVideoElement): Playback {
  const state = signalsOf(element)
  const listeners = Object.entries(listenersOf(element, state))
  for (const [name, listener] of listeners) element.addEventListener(name, listener)
  const dispose = (): void => {
    for (const [name, listener] of listeners) element.removeEventListener(name, listener)
  }
  return { ...state, element, dispose }
}

function signalsOf(element: HTMLVideoElement) {
  return {
    isPaused: signal(element.paused),
    /** It should play and cannot, for want of bytes. */
    isWaiting: signal(true),
    /** The first picture or sound has been there. */
    isReady: signal(false),
    hasEnded: signal(false),
    seconds: signal(0),
    /** In seconds; 0 until it is known. */
    duration: signal(0),
    volume: signal(element.volume),
    isMuted: signal(element.muted),
    rate: signal(element.playbackRate),
    /** Width by height of the picture; 0 when there is none. */
    aspect: signal(0),
    /** The browser let it begin only without sound. */
    isSilenced: signal(false),
  }
}

function listenersOf(element: HTMLVideoElement, state: State): Record<string, () => void> {
  const playing = (): void => {
    state.isWaiting.value = false
    state.isReady.value = true
  }
  return {
    // Another file, or none: nothing of the one before holds.
    emptied: () => {
      state.isReady.value = false
      state.hasEnded.value = false
      state.isWaiting.value = true
      state.seconds.value = 0
      state.duration.value = 0
      state.aspect.value = 0
    },
    durationchange: () => {
      state.duration.value = Number.isFinite(element.duration) ? element.duration : 0
    },
    resize: () => {
      state.aspect.value = element.videoHeight > 0 ? element.videoWidth / element.videoHeight : 0
    },
    timeupdate: () => {
      state.seconds.value = element.currentTime
    },
    seeking: () => {
      state.seconds.value = element.currentTime
      state.hasEnded.value = false
      state.isWaiting.value = element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA
    },
    waiting: () => {
      state.isWaiting.value = true
    },
    canplay: playing,
    playing,
    play: () => {
      state.isPaused.value = false
      state.hasEnded.value = false
    },
    pause: () => {
      state.isPaused.value = true
    },
    ended: () => {
      state.hasEnded.value = true
    },
    volumechange: () => {
      state.volume.value = element.volume
      state.isMuted.value = element.muted
      if (!element.muted) state.isSilenced.value = false
    },
    ratechange: () => {
      state.rate.value = element.playbackRate
    },
    error: () => {
      state.isWaiting.value = false
    },
  }
}

/**
 * Plays; where the browser wants to be touched before it makes a sound, it plays without sound and
 * says so, because a picture that comes by itself is worth more than one that waits for a click.
 */
export async function start(playback: Playback): Promise<void> {
  const { element } = playback
  if (await isAllowed(element)) return
  if (element.muted) return
  element.muted = true
  if (await isAllowed(element)) playback.isSilenced.value = true
  else element.muted = false
}

/** `false` only if the browser forbids it; a load that was replaced meanwhile is nobody's fault. */
async function isAllowed(element: HTMLVideoElement): Promise<boolean> {
  try {
    await element.play()
    return true
  } catch (error) {
    return !(error instanceof DOMException && error.name === 'NotAllowedError')
  }
}

export function toggle(playback: Playback): void {
  if (playback.element.paused) void start(playback)
  else playback.element.pause()
}

/** Moves to a second of the film, within its bounds; nothing before its length is known. */
export function seekTo(playback: Playback, seconds: number): void {
  const { element } = playback
  if (!Number.isFinite(element.duration)) return
  // The very last moment would end the film while the bar is still held.
  element.currentTime = Math.max(0, Math.min(element.duration - 0.1, seconds))
}

export function changeVolume(playback: Playback, step: number): void {
  const { element } = playback
  element.volume = Math.max(0, Math.min(1, Math.round((element.volume + step) * 100) / 100))
  element.muted = element.volume === 0
}

export function toggleSound(playback: Playback): void {
  const { element } = playback
  element.muted = !element.muted
  if (!element.muted && element.volume === 0) element.volume = 0.5
}

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const

/** @returns the new speed. */
export function changeRate(playback: Playback, step: 1 | -1): number {
  const { element } = playback
  const at = RATES.findIndex(rate => rate >= element.playbackRate)
  const next = RATES[Math.max(0, Math.min(RATES.length - 1, at + step))] ?? 1
  element.playbackRate = next
  return next
}

/** The next faster speed, and after the fastest the usual one: for a single button. */
export function cycleRate(playback: Playback): void {
  const { element } = playback
  element.playbackRate = RATES.find(rate => rate > element.playbackRate) ?? 1
}

/** Parts that a browser could not decode and drops without a word. */
export function missingPart(element: HTMLVideoElement, kind: string): 'picture' | 'sound' | null {
  if (kind === 'video' && element.videoWidth === 0) return 'picture'
  const counted = element as HTMLVideoElement & {
    readonly webkitAudioDecodedByteCount?: number
    readonly mozHasAudio?: boolean
  }
  const isSilent = counted.webkitAudioDecodedByteCount === 0 || counted.mozHasAudio === false
  return isSilent ? 'sound' : null
}
