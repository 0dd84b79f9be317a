// Text for a terminal: names from strangers made harmless, and cut to a width. A torrent's name may hold escape
// sequences, line breaks and bidirectional marks; none of them reaches the screen.

/** Controls, line separators, marks that turn the writing direction or hide, lone halves of pairs. */
const HARMFUL =
  /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}/gu

/** The text with everything harmful replaced by one visible sign each. */
export const safeText = (text: string): string => text.replaceAll(HARMFUL, '\ufffd')

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
/** East Asian wide and fullwidth letters, and pictures: two columns each. @see UAX 11 */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u

const columnsOf = (grapheme: string): number =>
  WIDE.test(grapheme) ? 2 : /^\p{M}+$/u.test(grapheme) ? 0 : 1

/** Columns that plain text (no escape sequences) takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of segmenter.segment(text)) width += columnsOf(segment)
  return width
}

/** At most `columns` wide; what is cut is shown by an ellipsis in place of the end. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let width = 0
  let kept = ''
  for (const { segment } of segmenter.segment(text)) {
    width += columnsOf(segment)
    if (width > columns - 1) break
    kept += segment
  }
  return columns > 0 ? `${kept}…` : ''
}

/** As `cut`, and filled up with blanks. */
export function padTo(text: string, columns: number): string {
  const short = cut(text, columns)
  return short + ' '.repeat(Math.max(0, columns - widthOf(short)))
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Three digits and a decimal unit: `1.23 GB`, `45.6 MB`, `789 kB`. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${UNITS[unit]}`
}

export const formatRate = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`

/** `42 s`, `3 min 05 s`, `2 h 10 min`, `5 d`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  if (whole < 172_800)
    return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`
  return `${Math.floor(whole / 86_400)} d`
}

const two = (value: number): string => String(value).padStart(2, '0')

/** `1 file`, `2 files`. */
export const formatCount = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`

/** Rounded down, so that 100 % means all of it. */
export function formatPercent(part: number, whole: number): string {
  if (whole === 0) return '0 %'
  return `${Math.floor((part / whole) * 100)} %`
}
