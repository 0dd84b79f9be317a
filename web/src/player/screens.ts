// Other screens: the whole of this one, a small window over it, and the one in the living room. Each
// browser offers some of them, a few under names of its own.
import { type ReadonlySignal, signal } from '@preact/signals'

interface AppleVideo extends HTMLVideoElement {
  readonly webkitEnterFullscreen?: () => void
  readonly webkitShowPlaybackTargetPicker?: () => void
}

export interface Cast {
  /** Whether there is a screen to send the picture to. */
  readonly isAvailable: ReadonlySignal<boolean>
  /** Opens the browser's own list of screens. */
  readonly choose: () => void
  readonly dispose: () => void
}

/** Watches for screens by the Remote Playback API, or by AirPlay where that is the browser's way. */
export function watchCast(element: HTMLVideoElement): Cast {
  const isAvailable = signal(false)
  const apple = element as AppleVideo
  if (apple.webkitShowPlaybackTargetPicker !== undefined) {
    const onChange = (event: Event): void => {
      isAvailable.value = (event as Event & { availability?: string }).availability === 'available'
    }
    const name = 'webkitplaybacktargetavailabilitychanged'
    element.addEventListener(name, onChange)
    return {
      isAvailable,
      choose: () => apple.webkitShowPlaybackTargetPicker?.(),
      dispose: () => element.removeEventListener(name, onChange),
    }
  }
  const remote = 'remote' in element ? element.remote : null
  remote
    ?.watchAvailability(isThere => {
      isAvailable.value = isThere
    })
    // Some builds have the API and no casting: then there is no screen, and nothing to say.
    .catch(() => {
      isAvailable.value = false
    })
  return {
    isAvailable,
    choose: () => {
      // Closing the list without a choice rejects.
      remote?.prompt().catch(() => undefined)
    },
    dispose: () => {
      remote?.cancelWatchAvailability().catch(() => undefined)
    },
  }
}

/** Gives `frame` the whole screen or takes it back; iPhones can only do that to the video itself. */
export function toggleFullscreen(frame: HTMLElement, video: HTMLVideoElement): void {
  if (document.fullscreenElement !== null) {
    void document.exitFullscreen()
  } else if (document.fullscreenEnabled) {
    // Refused without a touch or a key before it: the button is still there.
    frame.requestFullscreen().catch(() => undefined)
  } else {
    ;(video as AppleVideo).webkitEnterFullscreen?.()
  }
}

export const canFloat = (): boolean =>
  'pictureInPictureEnabled' in document && document.pictureInPictureEnabled

export function toggleFloating(video: HTMLVideoElement): void {
  const change =
    document.pictureInPictureElement === video
      ? document.exitPictureInPicture()
      : video.requestPictureInPicture()
  // Refused before the first picture is there.
  change.catch(() => undefined)
}
