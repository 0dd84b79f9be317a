// Transmission 3.00 as a seeder: its daemon, told by RPC what to seed.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort, Program, type RealSeeder, type SeederPlace, start, until } from './program.ts'

export async function openTransmission(place: SeederPlace): Promise<RealSeeder> {
  const [port, rpcPort] = [await freePort(), await freePort()]
  const settings = {
    'bind-address-ipv4': '127.0.0.1',
    'dht-enabled': false,
    'download-dir': place.dataDirectory,
    'lpd-enabled': false,
    'peer-port': port,
    'pex-enabled': false,
    'port-forwarding-enabled': false,
    'rpc-bind-address': '127.0.0.1',
    'rpc-host-whitelist-enabled': false,
    'rpc-port': rpcPort,
    'rpc-whitelist-enabled': false,
    'utp-enabled': false,
  }
  await writeFile(path.join(place.stateDirectory, 'settings.json'), JSON.stringify(settings))
  const child = start('transmission-daemon', ['-f', '-g', place.stateDirectory])
  const rpc = rpcOf(rpcPort)
  await until(async () => (await rpc('session-get', {})) !== undefined, 'transmission')
  const metainfo = (await readFile(place.torrent)).toString('base64')
  await rpc('torrent-add', { metainfo })
  await until(async () => {
    const answer = await rpc('torrent-get', { fields: ['percentDone', 'status'] })
    const torrents = answer?.torrents as { percentDone: number; status: number }[] | undefined
    // Status 6 is "seeding"; before it the files are being checked.
    return torrents?.[0]?.percentDone === 1 && torrents[0].status === 6
  }, 'transmission')
  return new Program(child, `127.0.0.1:${port}`)
}

type Answer = Readonly<Record<string, unknown>>

function rpcOf(port: number): (method: string, words: object) => Promise<Answer | undefined> {
  let session = ''
  return async (method, words) => {
    const body = JSON.stringify({ method, arguments: words })
    for (let attempt = 0; attempt < 2; attempt++) {
      const answer = await fetch(`http://127.0.0.1:${port}/transmission/rpc`, {
        method: 'POST',
        headers: { 'x-transmission-session-id': session },
        body,
      })
      session = answer.headers.get('x-transmission-session-id') ?? session
      if (answer.status === 409) continue
      return ((await answer.json()) as { arguments: Answer }).arguments
    }
    return undefined
  }
}
