// Gives the video its file: begins where the viewer left off, comes back after a loss, and finds out
// whether it is the file or the server that the browser cannot cope with.
import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { probeStream, ServerError } from '../api-client.ts'
import { formatClock } from '../format.ts'
import { memory } from '../storage.ts'
import { link, tell } from '../store.ts'
import { outsideUrl } from './playable.ts'
import { type Playback, seekTo, start } from './playback.ts'
import { loadPosition, savePosition } from './positions.ts'

/** Names this page to the server, so that all requests of one video share one window. */
const VIEWER = Array.from(crypto.getRandomValues(new Uint8Array(12)), byte =>
  byte.toString(16).padStart(2, '0'),
).join('')

const SAVE_EVERY_SECONDS = 5
const RETRIES_MAX = 5
const RETRY_MS = 1500

/** Why there is nothing to play, once that is sure. */
export type Verdict =
  | { readonly kind: 'unplayable' }
  | { readonly kind: 'refused'; readonly reason: string }

export interface Source {
  /** The same for the same file, as in `positionKey`. */
  readonly key: string
  readonly url: string
}

/** Plays `source`, or nothing when it is `null`. @returns what went wrong for good. */
export function useSource(playback: Playback, source: Source | null): Signal<Verdict | null> {
  const verdict = useSignal<Verdict | null>(null)
  const key = source?.key ?? null
  useEffect(() => {
    verdict.value = null
    const { element } = playback
    if (source === null) {
      if (element.hasAttribute('src')) {
        element.removeAttribute('src')
        element.load()
      }
      return
    }
    const stops = [
      resumeAt(playback, source.key),
      keepPosition(playback, source.key),
      recover(playback, source.url, verdict),
    ]
    element.src = withViewer(source.url)
    void start(playback)
    return () => {
      for (const stop of stops) stop()
    }
    // The address of one file never changes while it is shown; its key stands for it.
  }, [key, playback])
  return verdict
}

/** Whole and with the token, because a screen in the living room fetches it for itself. */
function withViewer(path: string): string {
  const url = new URL(outsideUrl(path, new URL(location.href)))
  url.searchParams.set('viewer', VIEWER)
  return url.href
}

function resumeAt(playback: Playback, key: string): () => void {
  const { element } = playback
  const onMetadata = (): void => {
    const seconds = loadPosition(memory, key)
    if (seconds === 0 || seconds >= element.duration) return
    element.currentTime = seconds
    tell(`Going on at ${formatClock(seconds)}`, {
      label: 'Start over',
      run: () => seekTo(playback, 0),
    })
  }
  element.addEventListener('loadedmetadata', onMetadata, { once: true })
  return () => element.removeEventListener('loadedmetadata', onMetadata)
}

function keepPosition(playback: Playback, key: string): () => void {
  const { element } = playback
  let savedAt = 0
  const save = (): void => {
    // A film that never began must not forget where it was left.
    if (element.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || element.currentTime === 0) return
    savedAt = element.currentTime
    savePosition(memory, key, { seconds: element.currentTime, duration: element.duration })
  }
  const onTime = (): void => {
    if (Math.abs(element.currentTime - savedAt) >= SAVE_EVERY_SECONDS) save()
  }
  element.addEventListener('timeupdate', onTime)
  element.addEventListener('pause', save)
  window.addEventListener('pagehide', save)
  return () => {
    save()
    element.removeEventListener('timeupdate', onTime)
    element.removeEventListener('pause', save)
    window.removeEventListener('pagehide', save)
  }
}

/** Loads the file anew, where it was, when a stream broke off; a few times, and whenever the server is back. */
function recover(playback: Playback, url: string, verdict: Signal<Verdict | null>): () => void {
  const { element } = playback
  let retries = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false
  /** A media element at fault says second 0; where it was has to be known before. */
  let lastSeconds = 0
  let returnTo: number | null = null
  const onMetadata = (): void => {
    // Nothing played yet: where to begin is the remembered position's affair.
    if (returnTo !== null && returnTo > 0) seekTo(playback, returnTo)
    returnTo = null
  }
  const onTime = (): void => {
    lastSeconds = element.currentTime
    if (element.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) retries = 0
  }
  const reload = (): void => {
    verdict.value = null
    returnTo = lastSeconds
    element.src = withViewer(url)
    void start(playback)
  }
  const onError = async (): Promise<void> => {
    const isNetwork = element.error?.code === MediaError.MEDIA_ERR_NETWORK
    const reason = await refusal(url)
    if (isStopped) return
    if (reason !== null) verdict.value = { kind: 'refused', reason }
    else if (isNetwork && retries < RETRIES_MAX) {
      retries += 1
      timer = setTimeout(reload, RETRY_MS)
    } else verdict.value = { kind: 'unplayable' }
  }
  const unsubscribe = link.subscribe(state => {
    if (state === 'open' && verdict.peek()?.kind === 'refused') reload()
  })
  element.addEventListener('loadedmetadata', onMetadata)
  element.addEventListener('timeupdate', onTime)
  element.addEventListener('error', onError)
  return () => {
    isStopped = true
    clearTimeout(timer)
    unsubscribe()
    element.removeEventListener('loadedmetadata', onMetadata)
    element.removeEventListener('timeupdate', onTime)
    element.removeEventListener('error', onError)
  }
}

/** The server's reason for not giving the file, or `null` when it would. */
async function refusal(url: string): Promise<string | null> {
  try {
    await probeStream(url)
    return null
  } catch (error) {
    if (error instanceof ServerError) return error.message
    throw error
  }
}
