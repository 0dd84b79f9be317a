// aria2 1.36 as a seeder.
import {
  freePort,
  isListening,
  Program,
  type RealSeeder,
  type SeederPlace,
  start,
  until,
} from './program.ts'

export async function openAria2(place: SeederPlace): Promise<RealSeeder> {
  const port = await freePort()
  const child = start('aria2c', [
    '--no-conf',
    `--dir=${place.dataDirectory}`,
    '--enable-dht=false',
    '--enable-dht6=false',
    '--bt-enable-lpd=false',
    '--enable-peer-exchange=false',
    `--listen-port=${port}`,
    '--seed-ratio=0.0',
    '--check-integrity=true',
    '--bt-hash-check-seed=true',
    '--interface=127.0.0.1',
    '--disable-ipv6=true',
    '--file-allocation=none',
    '--quiet=true',
    place.torrent,
  ])
  await until(() => isListening(port), 'aria2')
  return new Program(child, `127.0.0.1:${port}`)
}
