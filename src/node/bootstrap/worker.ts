// The program of one worker: does what its parent orders and reports once a second. Without a parent it
// stops, so that no worker is ever left over.
import { formatAddress } from '../../core/bytes/index.ts'
import { type BootstrapService, openBootstrapService } from './service.ts'
import { directoriesOf, serviceOptions } from './settings.ts'
import type { Order, Word } from './workers.ts'

const REPORT_EVERY_MS = 1000

/** Serves as a worker of the process that forked this one; fulfilled when it has stopped. */
export function runWorker(): Promise<void> {
  const worker = new WorkerService()
  process.on('message', (order: Order) => void worker.obey(order))
  process.on('disconnect', () => void worker.stop())
  // A terminal's Ctrl-C and a service manager's stop reach the whole group; the parent says when to stop.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  return worker.stopped
}

class WorkerService {
  readonly stopped: Promise<void>
  #service: BootstrapService | undefined
  #timer: NodeJS.Timeout | undefined
  #finish: () => void = () => undefined

  constructor() {
    this.stopped = new Promise(resolve => {
      this.#finish = resolve
    })
  }

  async obey(order: Order): Promise<void> {
    try {
      await this.#perform(order)
    } catch (error) {
      say({ kind: 'failed', message: (error as Error).message })
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#service?.close()
    if (process.connected) process.disconnect()
    this.#finish()
  }

  async #perform(order: Order): Promise<void> {
    const service = this.#service
    switch (order.kind) {
      case 'open':
        await this.#open(order)
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
        await this.stop()
        break
    }
  }

  async #open({ settings, number, shareName }: Extract<Order, { kind: 'open' }>): Promise<void> {
    const service = await openBootstrapService({
      ...serviceOptions(settings),
      ...directoriesOf(settings, number),
      shareName,
      onNotice: sentence => say({ kind: 'notice', sentence }),
    })
    this.#service = service
    const report = () => say({ kind: 'report', report: service.report() })
    report()
    this.#timer = setInterval(report, REPORT_EVERY_MS)
    say({ kind: 'opened', addresses: service.addresses.map(formatAddress) })
  }
}

function say(word: Word): void {
  if (process.connected) process.send?.(word)
}
