// `--json`: one object a line on standard output and nothing else. The words are documented in docs/json.md; scripts
// depend on them, so they are only ever added to.
import type { TorrentView } from '../api/index.ts'
import type { Display, Output, PeerEvent, Problem, Shown } from './display.ts'

export interface JsonDisplayOptions {
  readonly output: Output
  /** Milliseconds since the start of the program. */
  readonly now: () => number
  /** The whole address of a path on this run's server. */
  readonly urlOf: (path: string) => string
}

export class JsonDisplay implements Display {
  readonly #options: JsonDisplayOptions

  constructor(options: JsonDisplayOptions) {
    this.#options = options
  }

  listening(url: string): void {
    this.#line('listening', { url })
  }

  metadata({ infohash, name, totalBytes, pieceBytes, files }: TorrentView): void {
    this.#line('metadata', {
      infohash,
      name,
      totalBytes,
      pieceBytes,
      files: files.map(({ index, path, bytes, url }) => ({
        index,
        path,
        bytes,
        url: this.#options.urlOf(url),
      })),
    })
  }

  peer({ address, state, reason }: PeerEvent): void {
    this.#line('peer', { address, state, reason })
  }

  problem({ code, message, isFatal }: Problem): void {
    this.#line('error', { code, message, fatal: isFatal })
  }

  done({ infohash }: TorrentView): void {
    this.#line('done', { infohash })
  }

  note(): void {}

  progress(shown: readonly Shown[]): void {
    for (const { view } of shown)
      this.#line('progress', {
        infohash: view.infohash,
        verifiedBytes: view.verifiedBytes,
        totalBytes: view.totalBytes,
        contiguousBytes: view.contiguousBytes,
        downBytesPerSecond: Math.round(view.downBytesPerSecond),
        wastedBytes: view.wastedBytes,
        peers: connectedPeers(view),
      })
  }

  close(): void {}

  #line(type: string, fields: Readonly<Record<string, unknown>>): void {
    const atMs = Math.round(this.#options.now())
    this.#options.output.write(`${JSON.stringify({ type, atMs, ...fields })}\n`)
  }
}

/** Dialled is not connected. */
export const connectedPeers = (view: TorrentView): number =>
  view.peers.filter(peer => peer.state !== 'connecting').length
