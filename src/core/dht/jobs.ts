// From commands to the jobs that carry them out.
import { Announce } from './announce.ts'
import { Sample, Scrape } from './crawl.ts'
import { Find } from './find.ts'
import { GetItem, PutItem } from './items.ts'
import { PlainLookup } from './lookup.ts'
import { Ping } from './ping.ts'
import { PrivateLookup } from './private-lookup.ts'
import type { Job, TaskHost } from './task.ts'
import type { DhtNotice, TaskCommand } from './words.ts'

export function jobFor(host: TaskHost, command: TaskCommand, isReadOnly: boolean): Job {
  switch (command.kind) {
    case 'lookup': {
      const way = command.way ?? (isReadOnly ? 'private' : 'plain')
      return way === 'private' ? new PrivateLookup(host, command) : new PlainLookup(host, command)
    }
    case 'find':
      return new Find(host, command)
    case 'announce':
      return new Announce(host, command)
    case 'get':
      return new GetItem(host, command)
    case 'put':
      return new PutItem(host, command)
    case 'scrape':
      return new Scrape(host, command)
    case 'sample':
      return new Sample(host, command)
    case 'ping':
      return new Ping(host, command)
  }
}

/** The last notice of a task that was not begun. */
export function endUndone({ kind, task }: TaskCommand): DhtNotice {
  const end = { task, queries: 0, answered: 0, closest: [] }
  switch (kind) {
    case 'lookup':
      return { kind: 'lookup-done', ...end, nodesToldTarget: 0 }
    case 'find':
      return { kind: 'found', ...end }
    case 'announce':
    case 'put':
      return { kind: 'stored', ...end, accepted: 0, verified: 0, refusals: [] }
    case 'get':
      return { kind: 'got', ...end, item: undefined }
    case 'scrape':
      return { kind: 'scraped', ...end, seeds: 0, peers: 0, filters: 0 }
    case 'sample':
      return { kind: 'sampled', ...end }
    case 'ping':
      return { kind: 'pong', task, node: undefined, roundTripMs: undefined }
  }
}
