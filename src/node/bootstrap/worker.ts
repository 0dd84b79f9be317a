// The program of one worker: does what its parent orders and reports once a second. Without a parent it
// stops, so that no worker is ever left over.
import { formatAddress } from '../../core/bytes/index.ts'
import { type BootstrapService, openBootstrapService } from './service.ts'
import { serviceOptions } from './settings.ts'
import type { Order, Word } from './workers.ts'

const REPORT_EVERY_MS = 1000

let service: BootstrapService | undefined

const say = (word: Word): void => {
  if (process.connected) process.send?.(word)
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'open':
      service = await openBootstrapService({
        ...serviceOptions(order.settings),
        onNotice: sentence => say({ kind: 'notice', sentence }),
      })
      report()
      setInterval(report, REPORT_EVERY_MS).unref()
      say({ kind: 'opened', addresses: service.addresses.map(formatAddress) })
      break
    case 'configure':
      service?.configure(serviceOptions(order.settings))
      break
    case 'steer':
      service?.batched?.steerTo(order.first, order.count)
      break
    case 'save':
      await service?.save()
      say({ kind: 'saved' })
      break
    case 'close':
      await stop()
      break
  }
}

function report(): void {
  if (service !== undefined) say({ kind: 'report', report: service.report() })
}

async function stop(): Promise<void> {
  await service?.close()
  process.exit(0)
}

process.on('message', (order: Order) => {
  obey(order).catch(error => {
    say({ kind: 'failed', message: (error as Error).message })
  })
})
process.on('disconnect', () => void stop())
// A terminal's Ctrl-C and a service manager's stop reach the whole group; the parent says when to stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
