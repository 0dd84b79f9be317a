import { expect, test } from 'vitest'
import { ScriptedSwarm } from '../../../test/support/scripted-swarm.ts'
import { formatAddress } from '../bytes/index.ts'
import { decodePex, encodeExtensionHandshake, encodePex, writeExtended } from '../wire/index.ts'

const PEX_ID = 6

/** Three peers are open; the first wants to know of the others. */
function world(shares: boolean) {
  const script = new ScriptedSwarm({ shares })
  const peers = script.add(3)
  for (const peer of peers) peer.greet()
  const extensions = new Map([['ut_pex', PEX_ID]])
  peers[0]!.say(w =>
    writeExtended(w, 0, encodeExtensionHandshake({ extensions, isUploadOnly: false })),
  )
  const told = () =>
    peers[0]!
      .heardOf('extended')
      .filter(({ extensionId }) => extensionId === PEX_ID)
      .map(({ payload }) => decodePex(payload))
  return { script, peers, told }
}

test('who shares tells a peer of the others, once a minute, and only what is new', () => {
  const { script, peers, told } = world(true)
  script.wait(59_000)
  expect(told()).toEqual([])
  script.wait(2_000)
  expect(
    told()[0]
      ?.added.map(({ address }) => formatAddress(address))
      .sort(),
  ).toEqual(['10.0.0.2:6881', '10.0.0.3:6881'])
  script.step({ kind: 'tcp-closed', connection: peers[2]!.connection, reason: 'reset' })
  script.wait(60_000)
  expect(told()).toHaveLength(2)
  expect(told()[1]?.dropped.map(formatAddress)).toEqual(['10.0.0.3:6881'])
  script.wait(60_000)
  expect(told()).toHaveLength(2)
})

test('a freerider tells nobody, and takes no names either', () => {
  const { script, peers, told } = world(false)
  const added = [{ ip: Uint8Array.of(10, 9, 9, 9), port: 1 }].map(address => ({
    address,
    prefersEncryption: false,
    isSeed: false,
    hasUtp: false,
    hasHolepunch: false,
    isReachable: true,
  }))
  peers[0]!.say(w => writeExtended(w, 1, encodePex({ added, dropped: [] })))
  script.wait(120_000)
  expect(told()).toEqual([])
  expect(script.peers.map(({ to }) => formatAddress(to))).not.toContain('10.9.9.9:1')
})

test('who shares dials whom a peer names', () => {
  const { script, peers } = world(true)
  const address = { ip: Uint8Array.of(10, 9, 9, 9), port: 1 }
  const flags = { prefersEncryption: false, isSeed: false, hasUtp: false, hasHolepunch: false }
  const added = [{ address, ...flags, isReachable: true }]
  peers[0]!.say(w => writeExtended(w, 1, encodePex({ added, dropped: [] })))
  expect(script.peers.map(({ to }) => formatAddress(to))).toContain('10.9.9.9:1')
})
