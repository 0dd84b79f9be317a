import { expect, test } from 'vitest'
import { newCounters } from '../../core/services/bootstrap/index.ts'
import { prometheusPage } from './prometheus.ts'
import { aliveShare, mergeReports, type Report } from './report.ts'
import { rangeBesides } from './workers.ts'

function report(nodes: number): Report {
  const counters = newCounters()
  counters.queries.find_node = nodes
  counters.pings.recheck = 10
  counters.pongs.renewed = nodes
  counters.handOutAges[1] = nodes
  counters.handOutAges[12] = 1
  return {
    uptimeSeconds: nodes,
    transport: 'batched',
    listen: ['1.2.3.4:6881'],
    processes: 1,
    nodes: { ip4: nodes, ip6: 0 },
    waiting: { ip4: 1, ip6: 2 },
    unsent: 0,
    residentBytes: 100,
    cpuSeconds: 1,
    sharing: 'on',
    sharedNodesTaken: 0,
    counters,
  }
}

test('the reports of processes add up, and the longest uptime counts', () => {
  const merged = mergeReports([report(3), report(5)])
  expect(merged).toMatchObject({
    processes: 2,
    uptimeSeconds: 5,
    nodes: { ip4: 8, ip6: 0 },
    waiting: { ip4: 2, ip6: 4 },
    residentBytes: 200,
  })
  expect(merged?.counters.queries.find_node).toBe(8)
  expect(merged?.counters.handOutAges[1]).toBe(8)
})

test('nobody serves where there is no report', () => {
  expect(mergeReports([])).toBeUndefined()
})

test('one process that misses the store is news for all', () => {
  expect(mergeReports([report(1), { ...report(1), sharing: 'away' }])?.sharing).toBe('away')
})

test('the alive share is not known before the first ping', () => {
  expect(aliveShare(newCounters())).toBeUndefined()
  expect(aliveShare(report(4).counters)).toBe(0.4)
})

test('each line of the page for Prometheus is a comment or a name, labels and a number', () => {
  const lines = prometheusPage(report(3)).trimEnd().split('\n')
  const sample = /^torrent_live_bootstrap_[a-z_]+(\{[a-z]+="[^"]*"\})? [0-9.e+-]+$/
  expect(lines.filter(line => !line.startsWith('# ') && !sample.test(line))).toEqual([])
  expect(lines).toContain('torrent_live_bootstrap_queries_total{method="find_node"} 3')
  expect(lines).toContain('torrent_live_bootstrap_hand_out_age_seconds_bucket{le="15"} 0')
  expect(lines).toContain('torrent_live_bootstrap_hand_out_age_seconds_bucket{le="30"} 3')
  expect(lines).toContain('torrent_live_bootstrap_hand_out_age_seconds_bucket{le="+Inf"} 4')
  expect(lines).toContain('torrent_live_bootstrap_hand_out_age_seconds_count 4')
})

/** The sockets of one port as the kernel keeps them: the last takes the number of one that is closed. */
test.each([
  [1, 1],
  [1, 3],
  [2, 2],
  [3, 1],
  [4, 2],
])(
  'while %i sockets hand over to %i, none that is about to close is ever chosen',
  (old, successors) => {
    const sockets = [...Array(old).keys()].map(number => `old ${number}`)
    for (let number = 0; number < successors; number++) sockets.push(`new ${number}`)
    for (let index = old - 1; index >= 0; index--) {
      const { first, count } = rangeBesides(index, successors)
      expect(sockets.slice(first, first + count).every(name => name.startsWith('new'))).toBe(true)
      expect(sockets[index]).toBe(`old ${index}`)
      const last = sockets.pop() as string
      if (index < sockets.length) sockets[index] = last
    }
    expect(sockets.every(name => name.startsWith('new'))).toBe(true)
  },
)
