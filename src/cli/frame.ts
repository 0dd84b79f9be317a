// One picture of the live display: plain lines, none wider than the terminal, no more of them than it has rows.
import { styleText } from 'node:util'
import type { PeerView } from '../api/index.ts'
import type { Shown } from './display.ts'
import { connectedPeers } from './json-display.ts'
import { factsOf, nameOf } from './line-display.ts'
import { bar, pieceMap } from './piece-map.ts'
import { cut, formatPercent, formatRate, padTo, safeText, widthOf } from './text.ts'

export interface FrameOptions {
  readonly shown: readonly Shown[]
  readonly url: string
  /** Remarks and problems, newest last. */
  readonly notes: readonly string[]
  readonly columns: number
  readonly rows: number
  readonly isColoured: boolean
  readonly isUnicode: boolean
}

type Format = Parameters<typeof styleText>[0]
type Line = { readonly text: string; readonly format?: Format }

const PEER_ROWS_MAX = 12
const NOTE_ROWS_MAX = 4
/** Below this nothing useful fits; lines are cut. */
const COLUMNS_MIN = 10

/** @returns lines ready to print, escape sequences for colours included. */
export function frame(options: FrameOptions): string[] {
  const columns = Math.max(COLUMNS_MIN, options.columns - 1)
  // One row stays free for the cursor, or the terminal would scroll at every picture.
  const rows = Math.max(1, options.rows - 1)
  const head: Line[] = [{ text: options.url, format: ['bold', 'cyan'] }]
  const notes = options.notes
    .slice(-NOTE_ROWS_MAX)
    .map(text => ({ text: safeText(text), format: 'yellow' as const }))
  const [only] = options.shown
  const body =
    options.shown.length === 1 && only !== undefined
      ? oneTorrent(only, { ...options, columns }, rows - head.length - notes.length)
      : options.shown.flatMap(one => [titleLine(one), barLine(one, { ...options, columns })])
  const lines = [
    ...head,
    ...body.slice(0, Math.max(0, rows - head.length - notes.length)),
    ...notes,
  ]
  return lines.slice(0, rows).map(({ text, format }) => {
    const short = cut(text, columns)
    return format !== undefined && options.isColoured
      ? styleText(format, short, { validateStream: false })
      : short
  })
}

interface Area {
  readonly columns: number
  readonly isUnicode: boolean
}

const titleLine = ({ view }: Shown): Line => ({ text: nameOf(view), format: 'bold' })

/** The bar takes what the facts leave, and gives way on a narrow terminal. */
function barLine({ view }: Shown, { columns, isUnicode }: Area): Line {
  const facts = factsOf(view).join('  ')
  const barColumns = Math.min(40, columns - widthOf(facts) - 2)
  if (barColumns < 8 || view.wantedBytes === 0) return { text: facts }
  const share = view.verifiedBytes / view.wantedBytes
  return { text: `${bar(share, barColumns, isUnicode)}  ${facts}` }
}

function oneTorrent(one: Shown, area: Area, rows: number): Line[] {
  const { view, pieces } = one
  const { columns, isUnicode } = area
  const lines: Line[] = [titleLine(one), barLine(one, area)]
  if (pieces.pieceCount > 0)
    lines.push({
      text: `[${pieceMap({ ...pieces, columns: columns - 2, isUnicode })}]`,
      format: 'green',
    })
  const known = view.peersKnown > 0 ? `, ${view.peersKnown} more known` : ''
  const watching = view.viewers.length > 0 ? `, ${view.viewers.length} watching` : ''
  lines.push({ text: `${connectedPeers(view)} of ${view.connectionsMax} peers${known}${watching}` })
  const room = Math.min(PEER_ROWS_MAX, rows - lines.length)
  const peers = [...view.peers].sort((a, b) => b.downBytesPerSecond - a.downBytesPerSecond)
  const listed = peers.length > room ? peers.slice(0, Math.max(0, room - 1)) : peers
  for (const peer of listed) lines.push(peerLine(peer))
  if (peers.length > listed.length)
    lines.push({ text: `  and ${peers.length - listed.length} more`, format: 'dim' })
  return lines
}

function peerLine({ address, state, downBytesPerSecond, progress }: PeerView): Line {
  const isSending = state === 'sending'
  const rate = isSending ? formatRate(downBytesPerSecond) : state
  const text = `  ${padTo(address, 22)} ${rate.padStart(11)} ${formatPercent(progress, 1).padStart(6)}`
  return isSending ? { text } : { text, format: 'dim' }
}
