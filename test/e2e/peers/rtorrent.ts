// rtorrent 0.9.8 as a seeder: it checks the files when it loads the torrent.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  freePort,
  isListening,
  Program,
  type RealSeeder,
  type SeederPlace,
  start,
  until,
} from './program.ts'

export async function openRtorrent(place: SeederPlace): Promise<RealSeeder> {
  const port = await freePort()
  const configuration = path.join(place.stateDirectory, 'rtorrent.rc')
  await writeFile(
    configuration,
    `system.daemon.set = true
directory.default.set = ${place.dataDirectory}
session.path.set = ${place.stateDirectory}
network.bind_address.set = 127.0.0.1
network.port_range.set = ${port}-${port}
network.port_random.set = no
dht.mode.set = disable
protocol.pex.set = no
trackers.use_udp.set = no
schedule2 = load, 1, 0, "load.start=${place.torrent}"
`,
  )
  const child = start('rtorrent', ['-n', '-o', `import=${configuration}`])
  await until(() => isListening(port), 'rtorrent')
  return new Program(child, `127.0.0.1:${port}`)
}
