import { expect, test } from 'vitest'
import { ScriptedSwarm } from '../../../test/support/scripted-swarm.ts'
import { toHex } from '../bytes/index.ts'

const FROM = { ip: Uint8Array.of(10, 1, 1, 1), port: 5000 }

test('who comes in by either infohash of a hybrid torrent is answered with the same', () => {
  const infohash2 = new Uint8Array(32).fill(7)
  const script = new ScriptedSwarm({ shares: true, infohash2 })
  const { infohash } = script.torrent
  for (const named of [infohash2.subarray(0, 20), infohash]) {
    const peer = script.accept({ ...FROM, port: FROM.port + script.peers.length })
    peer.shakeHands(named)
    expect(peer.isClosed).toBe(false)
    expect(toHex(peer.handshake!.infohash)).toBe(toHex(named))
  }
})
