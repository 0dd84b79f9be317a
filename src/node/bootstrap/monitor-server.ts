// `/metrics` for Prometheus and `/healthz` for whoever restarts services, on a port of their own.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Address, formatIp } from '../../core/bytes/index.ts'
import { prometheusPage } from './prometheus.ts'
import type { Report } from './report.ts'

/** Scrapers are few; whoever opens more connections waits. */
const CONNECTIONS_MAX = 32
const REQUEST_TIMEOUT_MS = 5000

export interface MonitorServer {
  readonly port: number
  close(): Promise<void>
}

/** @param report of all processes; `undefined` while none serves. */
export async function openMonitorServer(
  address: Address,
  report: () => Report | undefined,
): Promise<MonitorServer> {
  const server = createServer((request, response) => {
    const current = report()
    const page = request.method === 'GET' ? pageOf(request.url, current) : undefined
    response.writeHead(page?.status ?? 404, {
      'content-type': page?.type ?? 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
    })
    response.end(page?.text ?? 'Here are /metrics and /healthz.\n')
  })
  server.maxConnections = CONNECTIONS_MAX
  server.requestTimeout = REQUEST_TIMEOUT_MS
  server.headersTimeout = REQUEST_TIMEOUT_MS
  server.listen(address.port, formatIp(address.ip))
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function pageOf(path: string | undefined, report: Report | undefined) {
  const type = 'text/plain; version=0.0.4; charset=utf-8'
  if (path === '/healthz') {
    return report === undefined
      ? { status: 503, type, text: 'no process serves\n' }
      : { status: 200, type, text: 'ok\n' }
  }
  if (path !== '/metrics' || report === undefined) return undefined
  return { status: 200, type, text: prometheusPage(report) }
}
