import { expect, test } from 'vitest'
import { type ScriptedPeer, ScriptedSwarm } from '../../../test/support/scripted-swarm.ts'
import { writePieceIndex, writeSignal } from '../wire/index.ts'

const BLOCK = new Uint8Array(16_384)

/** Sends blocks that nobody asked for until it is hung up on. @returns how many it took. */
function flood(peer: ScriptedPeer): number {
  peer.greet()
  peer.say(writer => writeSignal(writer, 'haveNone'))
  let sent = 0
  while (!peer.isClosed && sent < 1000) {
    peer.sendBlock(0, 0, BLOCK)
    sent++
  }
  return sent
}

test('a flood of blocks that were not asked for is ended after 65, a MiB', () => {
  const script = new ScriptedSwarm()
  const [peer] = script.add(1)
  expect(flood(peer!)).toBe(65)
})

test('blocks that were not asked for do not count as useful: the pause doubles', () => {
  const script = new ScriptedSwarm()
  const [peer] = script.add(1)
  for (const pauseMs of [5_000, 10_000, 20_000]) {
    const last = script.peers.at(-1)!
    last.greet()
    last.sendBlock(0, 0, BLOCK)
    script.step({ kind: 'tcp-closed', connection: last.connection, reason: 'reset' })
    const dialled = script.peers.length
    script.wait(pauseMs - 1)
    expect(script.peers).toHaveLength(dialled)
    script.wait(pauseMs + 1_000)
    expect(script.peers).toHaveLength(dialled + 1)
  }
  expect(peer!.to).toEqual(script.peers.at(-1)!.to)
})

test('who breaks the protocol a second time is banned, whatever port it uses', () => {
  const script = new ScriptedSwarm({ shares: true })
  const ip = Uint8Array.of(10, 0, 0, 1)
  for (const port of [5000, 5001]) {
    const peer = script.accept({ ip, port })
    peer.shakeHands()
    peer.say(writer => writePieceIndex(writer, 'have', 8))
    expect(peer.isClosed).toBe(true)
  }
  expect(script.story.at(-1)).toBe('10.0.0.1:5001 banned have-outside')
  expect(script.accept({ ip, port: 5002 }).isClosed).toBe(true)
  const dialled = script.peers.length
  script.step({ kind: 'add-peers', peers: [{ ip, port: 5003 }] })
  script.wait(3_600_000)
  expect(script.peers).toHaveLength(dialled)
})

test('what is no handshake of ours is no breach: another program may have taken the port', () => {
  const script = new ScriptedSwarm()
  script.add(1)
  for (let turn = 0; turn < 3; turn++) {
    script.peers.at(-1)!.greet(new Uint8Array(20).fill(9))
    script.wait(120_000)
  }
  expect(script.peers.length).toBeGreaterThan(3)
})
