// The last minute and a half of speed as one line.
import { formatSpeed } from '../format.ts'
import { SPEED_SAMPLES_MAX, speeds } from '../store.ts'

const WIDTH = 180
const HEIGHT = 36
/** Below this a line that fills the height would make a drama of nothing. */
const TOP_MIN_BYTES_PER_SECOND = 50_000

export function Sparkline() {
  const samples = speeds.value
  const top = Math.max(TOP_MIN_BYTES_PER_SECOND, ...samples)
  const x = (index: number): number =>
    WIDTH - ((samples.length - 1 - index) * WIDTH) / (SPEED_SAMPLES_MAX - 1)
  const y = (speed: number): number => HEIGHT - 2 - (speed / top) * (HEIGHT - 5)
  const line = samples.map((speed, index) => `${x(index).toFixed(1)},${y(speed).toFixed(1)}`)
  const floor = `${x(samples.length - 1).toFixed(1)},${HEIGHT} ${x(0).toFixed(1)},${HEIGHT}`
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`Speed of the last minute, at most ${formatSpeed(Math.max(0, ...samples))}`}
    >
      {samples.length > 1 && <polygon points={`${line.join(' ')} ${floor}`} />}
      <polyline points={line.join(' ')} />
    </svg>
  )
}
