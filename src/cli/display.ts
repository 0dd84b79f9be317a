// What a run tells its user, whichever way it is shown: on a live terminal, as lines, or as JSON.
import type { PiecesView, TorrentView } from '../api/index.ts'
import type { TorrentEvent } from '../node/index.ts'

export type PeerEvent = Extract<TorrentEvent, { readonly type: 'peer' }>

export interface Problem {
  /** Kebab-case, as in docs/json.md. */
  readonly code: string
  /** One sentence that says what to do. */
  readonly message: string
  readonly isFatal: boolean
}

/** What is shown of one torrent. */
export interface Shown {
  readonly view: TorrentView
  readonly pieces: PiecesView
}

export interface Display {
  /** The page can be opened now. */
  listening(url: string): void
  metadata(view: TorrentView): void
  peer(event: PeerEvent): void
  /** @param torrent its name or infohash, absent when it is about the whole run. */
  problem(problem: Problem, torrent?: string): void
  done(view: TorrentView): void
  /** A plain remark, such as that the run is stopping. */
  note(text: string): void
  /** The state of every torrent, once a second. */
  progress(shown: readonly Shown[]): void
  /** Leaves the terminal as it was. */
  close(): void
}

/** Where text goes: a stream, or a test's array. */
export interface Output {
  write(text: string): void
}
