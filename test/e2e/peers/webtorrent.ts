// webtorrent 3.0.21 as a seeder, on the Node that it asks for.
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

const PEERS = path.join(import.meta.dirname, '../../peers')

export async function openWebtorrent(place: SeederPlace): Promise<RealSeeder> {
  const port = await freePort()
  const node = path.join(PEERS, 'node_modules/node-22/bin/node')
  const child = start(node, [
    '--import',
    path.join(PEERS, 'no-webrtc.mjs'),
    path.join(import.meta.dirname, 'webtorrent_seeder.mjs'),
    place.torrent,
    place.dataDirectory,
    `${port}`,
  ])
  await until(() => isListening(port), 'webtorrent')
  return new Program(child, `127.0.0.1:${port}`)
}
