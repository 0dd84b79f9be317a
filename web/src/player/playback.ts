// A media element as signals: what it does now, and the few things one can ask of it.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals'

export type Failure = 'network' | 'unplayable'

export interface Playback {
  readonly element: HTMLVideoElement
  readonly isPaused: ReadonlySignal<boolean>
  /** It should play and cannot, for want of bytes. */
  readonly isWaiting: ReadonlySignal<boolean>
  /** The first picture or sound has been there. */
  readonly isReady: ReadonlySignal<boolean>
  readonly hasEnded: ReadonlySignal<boolean>
  readonly seconds: ReadonlySignal<number>
  /** 0 until it is known. */
  readonly duration: ReadonlySignal<number>
  readonly volume: ReadonlySignal<number>
  readonly isMuted: ReadonlySignal<boolean>
  readonly rate: ReadonlySignal<number>
  /** Width by height of the picture; 0 when there is none. */
  readonly aspect: ReadonlySignal<number>
  readonly failure: Signal<Failure | null>
  /** The browser let it begin only without sound. */
  readonly isSilenced: Signal<boolean>
  readonly dispose: () => void
}

/** Listens to an element until `dispose`. */
export function playbackOf(element: HTMLVideoElement): Playback {
  const isPaused = signal(element.paused)
  const isWaiting = signal(true)
  const isReady = signal(false)
  const hasEnded = signal(false)
  const seconds = signal(0)
  const duration = signal(0)
  const volume = signal(element.volume)
  const isMuted = signal(element.muted)
  const rate = signal(element.playbackRate)
  const aspect = signal(0)
  const failure = signal<Failure | null>(null)
  const isSilenced = signal(false)
  const listeners: Readonly<Record<string, () => void>> = {
    // Another file, or none: nothing of the one before holds.
    emptied: () => {
      isReady.value = false
      hasEnded.value = false
      isWaiting.value = true
      seconds.value = 0
      duration.value = 0
      aspect.value = 0
      failure.value = null
    },
    durationchange: () => {
      duration.value = Number.isFinite(element.duration) ? element.duration : 0
    },
    resize: () => {
      aspect.value = element.videoHeight > 0 ? element.videoWidth / element.videoHeight : 0
    },
    timeupdate: () => {
      seconds.value = element.currentTime
    },
    seeking: () => {
      seconds.value = element.currentTime
      hasEnded.value = false
      isWaiting.value = element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA
    },
    waiting: () => {
      isWaiting.value = true
    },
    canplay: () => {
      isWaiting.value = false
      isReady.value = true
    },
    playing: () => {
      isWaiting.value = false
      isReady.value = true
      isPaused.value = false
      hasEnded.value = false
    },
    play: () => {
      isPaused.value = false
    },
    pause: () => {
      isPaused.value = true
    },
    ended: () => {
      hasEnded.value = true
    },
    volumechange: () => {
      volume.value = element.volume
      isMuted.value = element.muted
      if (!element.muted) isSilenced.value = false
    },
    ratechange: () => {
      rate.value = element.playbackRate
    },
    error: () => {
      isWaiting.value = false
      failure.value =
        element.error?.code === MediaError.MEDIA_ERR_NETWORK ? 'network' : 'unplayable'
    },
  }
  for (const [name, listener] of Object.entries(listeners)) element.addEventListener(name, listener)
  const dispose = (): void => {
    for (const [name, listener] of Object.entries(listeners)) {
      element.removeEventListener(name, listener)
    }
  }
  return {
    element,
    isPaused,
    isWaiting,
    isReady,
    hasEnded,
    seconds,
    duration,
    volume,
    isMuted,
    rate,
    aspect,
    failure,
    isSilenced,
    dispose,
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
