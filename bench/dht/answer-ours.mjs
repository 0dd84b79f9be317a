// A serving node of torrent-live for the load generator and for memory: as answer-bdht.mjs and answer-lt.py of the shared harness.
//   node answer-ours.mjs [port=6881] [ip=127.0.0.2] [bootstrap ip:port]
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const [port = '6881', ip = '127.0.0.2', router] = process.argv.slice(2)
const root = path.resolve(import.meta.dirname, '../..')
const { open } = await import(pathToFileURL(path.join(root, 'dist/dht.js')).href)
const [host, routerPort] = (router ?? '').split(':')
const node = await open({
  routers: router === undefined ? [] : [{ host, port: Number(routerPort) }],
  families: ['ipv4'],
  bind: { ipv4: ip },
  port: Number(port),
  allowPrivate: true,
  isServing: true,
})
setTimeout(() => {
  const { rss, heapUsed } = process.memoryUsage()
  const mb = bytes => (bytes / 1048576).toFixed(1)
  console.error(`RSS ${mb(rss)} MB heap ${mb(heapUsed)} MB, table ${node.nodeCount}`)
}, 1000)
process.on('SIGTERM', () => process.exit(0))
