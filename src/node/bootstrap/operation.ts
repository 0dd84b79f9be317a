// A running server as its operator sees it: one process or several, with a page for monitors.
import { formatAddress, parseAddress } from '../../core/bytes/index.ts'
import type { Crew, CrewTools } from './crew.ts'
import { type MonitorServer, openMonitorServer } from './monitor-server.ts'
import type { Report } from './report.ts'
import { openBootstrapService } from './service.ts'
import { type BootstrapSettings, directoriesOf, SettingsError, serviceOptions } from './settings.ts'
import { openWorkers, rangeBesides } from './workers.ts'

export class Operation implements AsyncDisposable {
  readonly #crew: Crew
  readonly #monitor: MonitorServer | undefined

  private constructor(crew: Crew, monitor: MonitorServer | undefined) {
    this.#crew = crew
    this.#monitor = monitor
  }

  /** @throws SettingsError, or the system's error where it refuses an address. */
  static async open(settings: BootstrapSettings, tools: CrewTools): Promise<Operation> {
    const processes = settings.processes ?? 1
    // Whatever is wrong with the settings is told before anything is started.
    serviceOptions(settings)
    const crew =
      processes === 1
        ? await openAlone(settings, tools)
        : await openWorkers(settings, processes, tools)
    try {
      return new Operation(crew, await openMonitor(settings.metrics, crew))
    } catch (error) {
      await crew.close()
      throw error
    }
  }

  get addresses(): readonly string[] {
    return this.#crew.addresses
  }

  get monitorPort(): number | undefined {
    return this.#monitor?.port
  }

  report(): Report | undefined {
    return this.#crew.report()
  }

  /** Takes over what may change in a running server: limits, rates, the wait, private sources. */
  configure(settings: BootstrapSettings): void {
    this.#crew.configure(settings)
  }

  save(): Promise<void> {
    return this.#crew.save()
  }

  settle(predecessors: number): void {
    this.#crew.settle(predecessors)
  }

  /** @param successors see `Crew.close`. */
  async close(successors = 0): Promise<void> {
    await this.#crew.close(successors)
    await this.#monitor?.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

async function openMonitor(
  text: string | undefined,
  crew: Crew,
): Promise<MonitorServer | undefined> {
  if (text === undefined) return undefined
  const address = parseAddress(text.replace(/:0$/, ':1'))
  if (address === undefined) {
    throw new SettingsError(`--metrics wants an address such as 127.0.0.1:9091, not ${text}.`)
  }
  const port = text.endsWith(':0') ? 0 : address.port
  return openMonitorServer({ ip: address.ip, port }, () => crew.report())
}

async function openAlone(settings: BootstrapSettings, tools: CrewTools): Promise<Crew> {
  const { onNotice } = tools
  const service = await openBootstrapService({
    ...serviceOptions(settings),
    ...directoriesOf(settings, 0),
    onNotice,
  })
  return {
    addresses: service.addresses.map(formatAddress),
    report: () => service.report(),
    configure: changed => service.configure(serviceOptions(changed)),
    save: async () => {
      if (settings.stateDirectory !== undefined) await service.save()
    },
    close: async (successors = 0) => {
      const { first, count } = rangeBesides(0, successors)
      if (successors > 0) service.batched?.steerTo(first, count)
      await service.close()
    },
    settle: () => service.batched?.steerTo(0, 1),
  }
}
