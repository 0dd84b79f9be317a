// What a server says of itself: plain numbers that travel between processes and add up.
import { type Counters, newCounters } from '../../core/services/bootstrap/index.ts'

export interface Report {
  readonly uptimeSeconds: number
  readonly transport: 'batched' | 'plain'
  readonly listen: readonly string[]
  readonly processes: number
  readonly nodes: { readonly ip4: number; readonly ip6: number }
  readonly waiting: { readonly ip4: number; readonly ip6: number }
  /** Datagrams that the system would not take. */
  readonly unsent: number
  readonly residentBytes: number
  readonly cpuSeconds: number
  /** Whether the store through which servers share nodes can be reached. */
  readonly sharing: 'off' | 'on' | 'away'
  readonly sharedNodesTaken: number
  readonly counters: Counters
}

/** The report of several processes as one. */
export function mergeReports(reports: readonly Report[]): Report | undefined {
  const [first] = reports
  if (first === undefined) return undefined
  const counters = newCounters()
  for (const report of reports) addInto(counters, report.counters)
  const sum = (of: (report: Report) => number) =>
    reports.reduce((total, report) => total + of(report), 0)
  return {
    ...first,
    uptimeSeconds: Math.max(...reports.map(report => report.uptimeSeconds)),
    processes: sum(report => report.processes),
    nodes: { ip4: sum(report => report.nodes.ip4), ip6: sum(report => report.nodes.ip6) },
    waiting: { ip4: sum(report => report.waiting.ip4), ip6: sum(report => report.waiting.ip6) },
    unsent: sum(report => report.unsent),
    residentBytes: sum(report => report.residentBytes),
    cpuSeconds: sum(report => report.cpuSeconds),
    sharing: reports.some(report => report.sharing === 'away') ? 'away' : first.sharing,
    sharedNodesTaken: sum(report => report.sharedNodesTaken),
    counters,
  }
}

type Tree = { [key: string]: number | Tree }

/** Adds every number of one tree to the same place of another of the same shape. */
function addInto(total: Counters, part: Counters): void {
  addTree(total as unknown as Tree, part as unknown as Tree)
}

function addTree(total: Tree, part: Tree): void {
  for (const [key, value] of Object.entries(part)) {
    if (typeof value === 'number') total[key] = (total[key] as number) + value
    else addTree(total[key] as Tree, value)
  }
}

/** The share of pings to known nodes that were answered, 0 to 1; `undefined` before the first. */
export function aliveShare(counters: Counters): number | undefined {
  const pings = counters.pings.recheck
  return pings === 0 ? undefined : Math.min(1, counters.pongs.renewed / pings)
}
