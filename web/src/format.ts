// Figures as people read them. Pure; every text on the page that holds a number comes from here.

const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const
const NO_BREAK_SPACE = '\u00a0'

/** `1536` is `1.5 kB`: powers of 1000, three digits at most, `0 B` for what is no size at all. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes <= 0) return `0${NO_BREAK_SPACE}B`
  let value = bytes
  let unit = 0
  // 999.5 would be rounded to 1000 of the smaller unit.
  while (value >= 999.5 && unit < SIZE_UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${trimZeros(value.toFixed(digits))}${NO_BREAK_SPACE}${SIZE_UNITS[unit]}`
}

/** Bytes a second, as `2.4 MB/s`. */
export const formatSpeed = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`

/** A moment of a film: `4:07`, `1:02:33`; `0:00` for what is not known. */
export function formatClock(seconds: number): string {
  const whole = Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  const rest = String(whole % 60).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}

/** The same moment for a screen reader: `1 hour 2 minutes 33 seconds`. */
export function spokenClock(seconds: number): string {
  const whole = Number.isFinite(seconds) && seconds > 0 ? Math.floor(seconds) : 0
  const parts = [
    plural(Math.floor(whole / 3600), 'hour'),
    plural(Math.floor((whole % 3600) / 60), 'minute'),
    plural(whole % 60, 'second'),
  ]
  const told = parts.filter(part => !part.startsWith('0 '))
  return told.length > 0 ? told.join(' ') : '0 seconds'
}

/** Time that is left, rounded to what anyone cares about: `40 s`, `12 min`, `3 h 20 min`, `2 days`. */
export function formatTimeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 10) {
    const rest = minutes % 60
    return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
  }
  if (hours < 48) return `${Math.round(minutes / 60)} h`
  return `${Math.round(minutes / 1440)} days`
}

/** A share of 1 as a percentage that says 100 only when all is there and 0 only when nothing is. */
export function formatPercent(share: number): string {
  if (!(share > 0)) return `0${NO_BREAK_SPACE}%`
  if (share >= 1) return `100${NO_BREAK_SPACE}%`
  const percent = share * 100
  if (percent < 1) return `<1${NO_BREAK_SPACE}%`
  return `${Math.min(99, Math.round(percent))}${NO_BREAK_SPACE}%`
}

/** `1 peer`, `2 peers`; nouns that do not take an s say their plural. */
export const plural = (count: number, noun: string, many = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : many}`

const trimZeros = (figure: string): string =>
  figure.includes('.') ? figure.replace(/\.?0+$/, '') : figure
