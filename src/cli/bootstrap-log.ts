// What an operator sees of a bootstrap server: a picture redrawn each second on a terminal, else a line a
// minute of name=value pairs for the journal.
import { AGE_BUCKETS_SECONDS } from '../core/services/bootstrap/index.ts'
import { aliveShare, type Report } from '../node/bootstrap/report.ts'

const PICTURE_EVERY_MS = 1000
const LINE_EVERY_MS = 60_000
/** The newest notices stay below the picture. */
const NOTICES_SHOWN = 5

export interface Screen {
  write(text: string): void
  readonly isTTY?: boolean
  readonly columns?: number
}

export class BootstrapLog {
  readonly #screen: Screen
  readonly #notices: string[] = []
  #timer: NodeJS.Timeout | undefined
  #last: Report | undefined
  #height = 0

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** One sentence, at once. */
  notice(sentence: string): void {
    if (this.#screen.isTTY === true && this.#timer !== undefined) {
      this.#notices.push(sentence)
      if (this.#notices.length > NOTICES_SHOWN) this.#notices.shift()
    } else this.#screen.write(`${sentence}\n`)
  }

  start(report: () => Report | undefined): void {
    const isLive = this.#screen.isTTY === true
    const show = () => {
      const now = report()
      if (now === undefined) return
      if (isLive) this.#draw(now)
      else this.#screen.write(`${logLine(now, this.#last)}\n`)
      this.#last = now
    }
    this.#timer = setInterval(show, isLive ? PICTURE_EVERY_MS : LINE_EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #draw(report: Report): void {
    const width = (this.#screen.columns ?? 80) - 1
    const lines = [...picture(report, this.#last), '', ...this.#notices].map(line =>
      line.slice(0, width),
    )
    const back = this.#height > 0 ? `\x1b[${this.#height}A` : ''
    this.#screen.write(`${back}\r\x1b[J${lines.join('\n')}\n`)
    this.#height = lines.length
  }
}

/** The lines of the live picture. @param before the report of a moment ago, for rates. */
export function picture(report: Report, before: Report | undefined): string[] {
  const { counters } = report
  const rate = ratesSince(report, before)
  const rejected = Object.entries(counters.rejections).filter(([, count]) => count > 0)
  const pongs = Object.entries(counters.pongs).filter(([, count]) => count > 0)
  const share = aliveShare(counters)
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map(part => agePercentile(counters.handOutAges, part))
  return [
    `${report.listen.join('  ')}  ${report.transport}, ${report.processes} process(es), up ${formatSpan(report.uptimeSeconds)}`,
    `queries/s ${rate(of => sum(of.queries))}   answers/s ${rate(of => of.answers)}   errors/s ${rate(of => of.errors)}`,
    `nodes     IPv4 ${report.nodes.ip4}   IPv6 ${report.nodes.ip6}   alive at check ${share === undefined ? 'not known yet' : `${(share * 100).toFixed(1)} %`}`,
    `waiting   IPv4 ${report.waiting.ip4}   IPv6 ${report.waiting.ip6}   pings/s ${rate(of => sum(of.pings))}`,
    `hand-out  age p50 ${p50}   p90 ${p90}   p99 ${p99}`,
    `rejected  ${rejected.map(([reason, count]) => `${reason} ${count}`).join('   ') || 'nothing'}`,
    `pongs     ${pongs.map(([fate, count]) => `${fate} ${count}`).join('   ') || 'none'}`,
    `memory    ${Math.round(report.residentBytes / 2 ** 20)} MiB   unsent ${report.unsent}   sharing ${report.sharing}`,
  ]
}

/** One line of `name=value` pairs; counts are since the start. */
export function logLine(report: Report, before: Report | undefined): string {
  const { counters } = report
  const rate = ratesSince(report, before)
  const pairs = {
    queries_per_s: rate(of => sum(of.queries)),
    answers_per_s: rate(of => of.answers),
    pings_per_s: rate(of => sum(of.pings)),
    nodes4: report.nodes.ip4,
    nodes6: report.nodes.ip6,
    waiting4: report.waiting.ip4,
    waiting6: report.waiting.ip6,
    alive_share: aliveShare(counters)?.toFixed(3) ?? 'unknown',
    rejected: sum(counters.rejections),
    hand_out_age_p90: agePercentile(counters.handOutAges, 0.9),
    resident_mib: Math.round(report.residentBytes / 2 ** 20),
    unsent: report.unsent,
    sharing: report.sharing,
  }
  return Object.entries(pairs)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

const sum = (counts: { readonly [name: string]: number }): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** A function that gives the rate of a count since `before`, or since the start. */
function ratesSince(report: Report, before: Report | undefined) {
  const seconds = report.uptimeSeconds - (before?.uptimeSeconds ?? 0)
  return (of: (counters: Report['counters']) => number): number => {
    const count = of(report.counters) - (before === undefined ? 0 : of(before.counters))
    return seconds > 0 ? Math.round(count / seconds) : 0
  }
}

/** The bucket in which the given part of the ages lies, as `<=60s`. */
function agePercentile(counts: readonly number[], part: number): string {
  const wanted = counts.reduce((total, count) => total + count, 0) * part
  if (wanted === 0) return '-'
  let seen = 0
  for (const [index, count] of counts.entries()) {
    seen += count
    if (seen >= wanted) return `<=${AGE_BUCKETS_SECONDS[index] ?? 'more'}s`
  }
  return '-'
}

function formatSpan(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  return `${hours}h ${minutes}m ${Math.floor(seconds % 60)}s`
}
