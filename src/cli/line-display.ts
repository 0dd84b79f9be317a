// Where there is no terminal (a log, a pipe): one line a second for each torrent, with what the live display shows.
import type { TorrentView } from '../api/index.ts'
import type { Display, Output, PeerEvent, Problem, Shown } from './display.ts'
import { connectedPeers } from './json-display.ts'
import {
  cut,
  formatBytes,
  formatCount,
  formatPercent,
  formatRate,
  formatSeconds,
  safeText,
} from './text.ts'

/** A line names this many peers and counts the rest. */
const PEERS_NAMED_MAX = 8
const NAME_COLUMNS_MAX = 60

export interface LineDisplayOptions {
  readonly output: Output
  readonly isVerbose: boolean
}

export class LineDisplay implements Display {
  readonly #options: LineDisplayOptions
  #url = ''

  constructor(options: LineDisplayOptions) {
    this.#options = options
  }

  listening(url: string): void {
    this.#url = url
    this.#line(`Watch at ${url}`)
  }

  metadata(view: TorrentView): void {
    this.#line(metadataText(view))
  }

  peer({ address, state, reason }: PeerEvent): void {
    if (this.#options.isVerbose)
      this.#line(`peer ${address} ${state}${reason === undefined ? '' : `: ${safeText(reason)}`}`)
  }

  problem(problem: Problem, torrent?: string): void {
    this.#line(problemText(problem, torrent))
  }

  done(view: TorrentView): void {
    this.#line(`${nameOf(view)}: done, ${formatBytes(view.wantedBytes)} verified and stored`)
  }

  note(text: string): void {
    this.#line(text)
  }

  progress(shown: readonly Shown[]): void {
    for (const { view } of shown) this.#line(`${progressText(view)}  ${this.#url}`)
  }

  close(): void {}

  #line(text: string): void {
    this.#options.output.write(`${text}\n`)
  }
}

/** Safe to print; the infohash until the name is known. */
export const nameOf = (view: TorrentView): string =>
  cut(safeText(view.name ?? view.infohash), NAME_COLUMNS_MAX)

export const metadataText = (view: TorrentView): string =>
  `${nameOf(view)}: ${formatCount(view.files.length, 'file')}, ${formatBytes(view.totalBytes)}`

export const problemText = ({ message }: Problem, torrent?: string): string =>
  safeText(torrent === undefined ? message : `${torrent}: ${message}`)

const STATES: { readonly [state in TorrentView['state']]: string } = {
  'finding-peers': 'finding peers',
  'fetching-metadata': 'fetching the file list',
  checking: 'checking what is there',
  downloading: 'downloading',
  done: 'done',
  paused: 'paused',
  failed: 'failed',
}

const stateText = (view: TorrentView): string => STATES[view.state]

/** `43 %, 112 MB of 263 MB, 4.20 MB/s, 36 s left`, as far as it is known. */
export function factsOf(view: TorrentView): string[] {
  if (view.pieceCount === 0) return [stateText(view)]
  const facts = [
    formatPercent(view.verifiedBytes, view.wantedBytes),
    `${formatBytes(view.verifiedBytes)} of ${formatBytes(view.wantedBytes)}`,
  ]
  if (view.state !== 'downloading') return [...facts, stateText(view)]
  facts.push(formatRate(view.downBytesPerSecond))
  if (view.secondsLeft !== null) facts.push(`${formatSeconds(view.secondsLeft)} left`)
  return facts
}

function progressText(view: TorrentView): string {
  const pieces =
    view.pieceBytes === 0
      ? []
      : [`piece ${Math.floor(view.contiguousBytes / view.pieceBytes)} of ${view.pieceCount}`]
  const connected = view.peers.filter(peer => peer.state !== 'connecting')
  const named = connected.slice(0, PEERS_NAMED_MAX).map(peer => peer.address)
  const rest = connected.length - named.length
  const peers = `${formatCount(connectedPeers(view), 'peer')}${named.length === 0 ? '' : `: ${named.join(' ')}`}`
  return [nameOf(view), ...factsOf(view), ...pieces, rest > 0 ? `${peers} +${rest}` : peers].join(
    '  ',
  )
}
