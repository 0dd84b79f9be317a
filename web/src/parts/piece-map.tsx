// The whole torrent at a glance: what is verified, what is on its way, and where the players read.
import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { TorrentView } from '../../../src/api/index.ts'
import { plural } from '../format.ts'
import { cellAt, type Grid, layOutGrid } from '../piece-grid.ts'
import { isVerified, type Pieces, verifiedCount } from '../pieces.ts'
import { shownPieces } from '../store.ts'
import { GLOW_MS, type Ink, type Marks, paintMap } from './piece-paint.ts'

/** CSS pixels; taller and it would push the files out of sight. */
const HEIGHT_MAX = 132

export function PieceMap({ torrent }: { readonly torrent: TorrentView }) {
  const pieces = shownPieces.value
  const canvas = useRef<HTMLCanvasElement>(null)
  const pointed = useSignal<number | null>(null)
  const size = useSize(canvas, pieces.count > 0)
  const grid = useMemo(
    () =>
      layOutGrid({
        pieceCount: pieces.count,
        width: size.width,
        heightMax: size.remPixels * (HEIGHT_MAX / 16),
        density: size.density,
      }),
    [pieces.count, size],
  )
  usePainting(canvas, grid, pieces, marksOf(torrent))
  if (pieces.count === 0) return null
  const verified = verifiedCount(pieces, 0, pieces.count)
  const summary = `${verified} of ${plural(pieces.count, 'piece')} verified, ${pieces.inFlight.size} on their way`
  const onPointerMove = (event: PointerEvent): void => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect()
    const scale = grid.width / box.width
    pointed.value = cellAt(
      grid,
      (event.clientX - box.left) * scale,
      (event.clientY - box.top) * scale,
    )
  }
  return (
    <figure class="piece-map">
      <canvas
        ref={canvas}
        role="img"
        aria-label={summary}
        onPointerMove={onPointerMove}
        onPointerLeave={() => {
          pointed.value = null
        }}
      />
      <figcaption>
        <span class="key verified">verified</span>
        <span class="key in-flight">on its way</span>
        <span class="key window">needed next</span>
        <span class="key reading">playing here</span>
        <span class="spring" />
        <span class="figures">
          {pointed.value === null
            ? `${verified} / ${pieces.count} pieces`
            : nameOf(grid, pieces, pointed.value)}
        </span>
      </figcaption>
    </figure>
  )
}

function nameOf(grid: Grid, pieces: Pieces, cell: number): string {
  const begin = cell * grid.piecesPerCell
  const end = Math.min(pieces.count, begin + grid.piecesPerCell)
  if (end - begin > 1) {
    return `pieces ${begin} – ${end - 1}: ${verifiedCount(pieces, begin, end)} verified`
  }
  const state = isVerified(pieces, begin)
    ? 'verified'
    : pieces.inFlight.has(begin)
      ? 'on its way'
      : 'missing'
  return `piece ${begin}: ${state}`
}

/** Where the players read and what they will need next, as pieces of the torrent. */
function marksOf(torrent: TorrentView): Marks {
  const readers: number[] = []
  const windows: [number, number][] = []
  for (const viewer of torrent.viewers) {
    const file = torrent.files.find(other => other.index === viewer.file)
    if (file === undefined || torrent.pieceBytes === 0) continue
    const at = file.offsetBytes + viewer.positionBytes
    const end = Math.min(file.offsetBytes + file.bytes, at + viewer.windowBytes)
    readers.push(Math.floor(at / torrent.pieceBytes))
    windows.push([Math.floor(at / torrent.pieceBytes), Math.ceil(end / torrent.pieceBytes)])
  }
  return { readers, windows }
}

interface Size {
  readonly width: number
  readonly density: number
  readonly remPixels: number
}

/** The room for the map, kept up to date when the window, the zoom or the screen changes. */
function useSize(canvas: { readonly current: HTMLCanvasElement | null }, isShown: boolean): Size {
  const size = useSignal<Size>({ width: 320, density: 1, remPixels: 16 })
  useEffect(() => {
    const parent = canvas.current?.parentElement
    if (parent === null || parent === undefined) return
    const measure = (): void => {
      const remPixels = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
      size.value = { width: parent.clientWidth, density: devicePixelRatio, remPixels }
    }
    const observer = new ResizeObserver(measure)
    observer.observe(parent)
    measure()
    return () => observer.disconnect()
  }, [isShown])
  return size.value
}

/** Paints when something changes, and while a piece that has just come still glows. */
function usePainting(
  canvas: { readonly current: HTMLCanvasElement | null },
  grid: Grid,
  pieces: Pieces,
  marks: Marks,
): void {
  const since = useRef(new Map<number, number>())
  const before = useRef<Pieces>(pieces)
  const marksKey = JSON.stringify(marks)
  useEffect(() => {
    const element = canvas.current
    if (element === null || pieces.count === 0) return
    noteNew(since.current, before.current, pieces)
    before.current = pieces
    const paintAll = () => paintMap(element, { grid, pieces, marks, ink: inkOf(element) })
    let paintGlow = paintAll()
    let frame = 0
    const glow = (nowMs: number): void => {
      paintGlow(since.current, nowMs)
      for (const [piece, atMs] of since.current) {
        if (nowMs - atMs > GLOW_MS) since.current.delete(piece)
      }
      if (since.current.size > 0) frame = requestAnimationFrame(glow)
    }
    if (since.current.size > 0) glow(performance.now())
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const repaint = (): void => {
      paintGlow = paintAll()
    }
    scheme.addEventListener('change', repaint)
    return () => {
      cancelAnimationFrame(frame)
      scheme.removeEventListener('change', repaint)
    }
  }, [grid, pieces, marksKey])
}

/** A whole torrent checked at once would glow all over; a handful of pieces is news. */
const NEWS_MAX = 200

function noteNew(since: Map<number, number>, before: Pieces, now: Pieces): void {
  if (before.count !== now.count) return
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
  const atMs = performance.now()
  for (let byte = 0; byte < now.bits.length && since.size < NEWS_MAX; byte += 1) {
    const fresh = (now.bits[byte] ?? 0) & ~(before.bits[byte] ?? 0)
    for (let bit = 0; fresh !== 0 && bit < 8; bit += 1) {
      if (((fresh << bit) & 0x80) !== 0) since.set(byte * 8 + bit, atMs)
    }
  }
}

function inkOf(element: Element): Ink {
  const style = getComputedStyle(element)
  const read = (name: string): string => style.getPropertyValue(name).trim()
  return {
    missing: read('--map-missing'),
    verified: read('--map-verified'),
    fresh: read('--map-fresh'),
    inFlight: read('--map-in-flight'),
    window: read('--map-window'),
    reader: read('--map-reader'),
  }
}
