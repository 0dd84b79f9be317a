import { expect, test, vi } from 'vitest'
import { newCounters } from '../core/services/bootstrap/index.ts'
import type { Report } from '../node/bootstrap/report.ts'
import { BootstrapLog, logLine, picture } from './bootstrap-log.ts'

function report(seconds: number, queries: number): Report {
  const counters = newCounters()
  counters.queries.find_node = queries
  counters.answers = queries
  counters.rejections.malformed = 3
  counters.pings.recheck = 100
  counters.pongs.renewed = 98
  counters.handOutAges[2] = 90
  counters.handOutAges[4] = 10
  return {
    uptimeSeconds: seconds,
    transport: 'batched',
    listen: ['1.2.3.4:6881'],
    processes: 1,
    nodes: { ip4: 1000, ip6: 20 },
    waiting: { ip4: 5, ip6: 0 },
    unsent: 0,
    residentBytes: 64 * 2 ** 20,
    cpuSeconds: 1,
    sharing: 'off',
    sharedNodesTaken: 0,
    counters,
  }
}

test('a line of the journal has rates since the line before it', () => {
  const line = logLine(report(120, 9000), report(60, 3000))
  expect(line).toBe(
    'queries_per_s=100 answers_per_s=100 pings_per_s=0 nodes4=1000 nodes6=20 waiting4=5 waiting6=0 ' +
      'alive_share=0.980 rejected=3 hand_out_age_p90=<=60s resident_mib=64 unsent=0 sharing=off',
  )
})

test('the picture shows rates, nodes by family, the alive share, rejects by reason and percentiles', () => {
  const text = picture(report(61, 4000), report(60, 3000)).join('\n')
  expect(text).toContain('queries/s 1000')
  expect(text).toContain('IPv4 1000   IPv6 20   alive at check 98.0 %')
  expect(text).toContain('rejected  malformed 3')
  expect(text).toContain('age p50 <=60s   p90 <=60s   p99 <=180s')
})

test('a terminal gets a picture in place of the last, a service plain lines', () => {
  vi.useFakeTimers()
  try {
    const written = { live: '', plain: '' }
    const live = new BootstrapLog({ isTTY: true, write: text => (written.live += text) })
    const plain = new BootstrapLog({ write: text => (written.plain += text) })
    for (const log of [live, plain]) log.start(() => report(60, 3000))
    vi.advanceTimersByTime(2000)
    expect(written.live.split('\x1b[J').length).toBe(3)
    expect(written.plain).toBe('')
    vi.advanceTimersByTime(58_000)
    expect(written.plain).toMatch(/^queries_per_s=50 .*\n$/)
    plain.notice('Something happened.')
    expect(written.plain).toMatch(/Something happened\.\n$/)
    for (const log of [live, plain]) log.stop()
  } finally {
    vi.useRealTimers()
  }
})
