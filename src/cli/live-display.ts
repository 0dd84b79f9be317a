// The live display on a terminal: a picture redrawn in place, below it nothing, above it what was there before.
import type { TorrentView } from '../api/index.ts'
import type { Display, PeerEvent, Problem, Shown } from './display.ts'
import { frame } from './frame.ts'
import { metadataText, nameOf, problemText } from './line-display.ts'
import { safeText } from './text.ts'

/** What this display needs of a terminal, which `process.stdout` has. */
export interface Terminal {
  write(text: string): void
  readonly columns?: number
  readonly rows?: number
}

export interface LiveDisplayOptions {
  readonly terminal: Terminal
  readonly isColoured: boolean
  readonly isUnicode: boolean
  readonly isVerbose: boolean
}

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_DOWN = '\x1b[J'
const NOTES_MAX = 20

export class LiveDisplay implements Display {
  readonly #options: LiveDisplayOptions
  readonly #notes: string[] = []
  #shown: readonly Shown[] = []
  #url = ''
  /** Lines of the picture that stand on the screen now. */
  #height = 0
  #columnsDrawn = 0
  #isClosed = false

  constructor(options: LiveDisplayOptions) {
    this.#options = options
    options.terminal.write(HIDE_CURSOR)
  }

  listening(url: string): void {
    this.#url = url
    this.#draw()
  }

  metadata(view: TorrentView): void {
    this.note(metadataText(view))
  }

  peer({ address, state, reason }: PeerEvent): void {
    if (!this.#options.isVerbose && state !== 'banned') return
    this.note(`${address} ${state}${reason === undefined ? '' : `: ${reason}`}`)
  }

  problem(problem: Problem, torrent?: string): void {
    this.note(problemText(problem, torrent))
  }

  done(view: TorrentView): void {
    this.note(`${nameOf(view)}: done, verified and stored`)
  }

  note(text: string): void {
    this.#notes.push(safeText(text))
    if (this.#notes.length > NOTES_MAX) this.#notes.shift()
    this.#draw()
  }

  progress(shown: readonly Shown[]): void {
    this.#shown = shown
    this.#draw()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.terminal.write(SHOW_CURSOR)
  }

  #draw(): void {
    if (this.#isClosed) return
    const { terminal } = this.#options
    const columns = terminal.columns ?? 80
    const lines = frame({
      ...this.#options,
      shown: this.#shown,
      url: this.#url,
      notes: this.#notes,
      columns,
      rows: terminal.rows ?? 24,
    })
    // A narrower window folds old lines: each may take more rows than before, and all of them must go.
    const folds = this.#columnsDrawn > columns ? Math.ceil(this.#columnsDrawn / columns) : 1
    const up = Math.min(this.#height * folds, terminal.rows ?? 24)
    const back = up > 0 ? `\x1b[${up}A\r` : '\r'
    terminal.write(`${back}${CLEAR_DOWN}${lines.map(line => `${line}\n`).join('')}`)
    this.#height = lines.length
    this.#columnsDrawn = columns
  }
}
