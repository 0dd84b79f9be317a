// usage: node bootstrap_own_client.mjs ROUTER_HOST ROUTER_PORT INFOHASH — our DHT node with one router: prints peers.
import { open } from '../../dist/dht.js'

const [host, port, infohash] = process.argv.slice(2)
const dht = await open({ routers: [{ host, port: Number(port) }], families: ['ipv4'] })
for (;;) {
  const lookup = { kind: 'lookup', infohash: new Uint8Array(Buffer.from(infohash, 'hex')) }
  for await (const notice of dht.run(lookup)) {
    if (notice.kind === 'peers') for (const { ip } of notice.peers) console.log(ip.join('.'))
  }
  await new Promise(resolve => setTimeout(resolve, 1000))
}
