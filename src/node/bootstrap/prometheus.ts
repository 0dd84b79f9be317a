// A report as a page for Prometheus: the names are an interface, docs/bootstrap.md lists them.
import { AGE_BUCKETS_SECONDS } from '../../core/services/bootstrap/index.ts'
import type { Report } from './report.ts'

const PREFIX = 'torrent_live_bootstrap_'

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4) */
export function prometheusPage(report: Report): string {
  const { counters } = report
  return [
    family('nodes', 'gauge', 'Verified nodes held.', { family: report.nodes }),
    family('waiting', 'gauge', 'Visitors who wait for their ping.', { family: report.waiting }),
    family('processes', 'gauge', 'Processes that serve.', report.processes),
    family('uptime_seconds', 'gauge', 'Since the start.', report.uptimeSeconds),
    family('resident_bytes', 'gauge', 'Memory in use.', report.residentBytes),
    family('cpu_seconds_total', 'counter', 'Processor time used.', report.cpuSeconds),
    family('queries_total', 'counter', 'Queries by method.', { method: counters.queries }),
    family('answers_total', 'counter', 'Queries answered with a response.', counters.answers),
    family('errors_total', 'counter', 'Queries answered with an error.', counters.errors),
    family('rejected_total', 'counter', 'Datagrams by what was wrong with them.', {
      reason: counters.rejections,
    }),
    family('received_bytes_total', 'counter', 'Payload received.', counters.receivedBytes),
    family('answered_bytes_total', 'counter', 'Payload answered.', counters.answeredBytes),
    family('pings_total', 'counter', 'Pings sent by purpose.', { purpose: counters.pings }),
    family('pongs_total', 'counter', 'Pongs received by what became of them.', {
      fate: counters.pongs,
    }),
    family('departed_total', 'counter', 'Nodes that left, silent.', counters.departed),
    family('queued_total', 'counter', 'Visitors queued for a ping.', counters.queued),
    family(
      'queue_refused_total',
      'counter',
      'Visitors for whom the queue had no room.',
      counters.queueRefused,
    ),
    family('handed_out_total', 'counter', 'Nodes named to visitors.', counters.nodesHandedOut),
    family('unsent_total', 'counter', 'Datagrams that the system would not take.', report.unsent),
    family(
      'sharing',
      'gauge',
      '1 while the store of shared nodes is reached.',
      Number(report.sharing === 'on'),
    ),
    family(
      'shared_nodes_total',
      'counter',
      'Nodes taken over from other servers.',
      report.sharedNodesTaken,
    ),
    ages(counters.handOutAges),
  ].join('')
}

type Values = number | { readonly [label: string]: { readonly [value: string]: number } }

function family(name: string, type: 'counter' | 'gauge', help: string, values: Values): string {
  const head = `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n`
  if (typeof values === 'number') return `${head}${PREFIX}${name} ${values}\n`
  const lines = Object.entries(values).flatMap(([label, byValue]) =>
    Object.entries(byValue).map(
      ([value, count]) => `${PREFIX}${name}{${label}="${value}"} ${count}\n`,
    ),
  )
  return head + lines.join('')
}

/** A histogram without `_sum`, which the buckets do not tell. */
function ages(counts: readonly number[]): string {
  const name = `${PREFIX}hand_out_age_seconds`
  let total = 0
  const buckets = counts.map((count, index) => {
    total += count
    const bound = AGE_BUCKETS_SECONDS[index]
    return `${name}_bucket{le="${bound ?? '+Inf'}"} ${total}\n`
  })
  const help = 'Since the last pong of a node that was named; one answer in 64 is looked at.'
  return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${buckets.join('')}${name}_count ${total}\n`
}
