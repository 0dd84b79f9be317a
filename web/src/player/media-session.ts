// Tells the system what plays, so that its media keys, lock screen and headset buttons work.

export interface SessionActions {
  readonly title: string
  readonly seekBy: (seconds: number) => void
  readonly next: (() => void) | null
  readonly previous: (() => void) | null
}

const JUMP_SECONDS = 10

export function announceSession(actions: SessionActions): void {
  if (!('mediaSession' in navigator)) return
  const session = navigator.mediaSession
  session.metadata = new MediaMetadata({ title: actions.title })
  const handlers: readonly [MediaSessionAction, (() => void) | null][] = [
    ['nexttrack', actions.next],
    ['previoustrack', actions.previous],
    ['seekforward', () => actions.seekBy(JUMP_SECONDS)],
    ['seekbackward', () => actions.seekBy(-JUMP_SECONDS)],
  ]
  for (const [action, handler] of handlers) session.setActionHandler(action, handler)
}
