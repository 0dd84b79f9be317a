// The swarm as a machine: what it says and does when scripted peers say this or that.
import { describe, expect, test } from 'vitest'
import { ScriptedSwarm } from '../../../test/support/scripted-swarm.ts'
import { equalBytes } from '../bytes/index.ts'
import {
  type ByteWriter,
  decodeExtensionHandshake,
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  METADATA_PIECE_BYTES,
  writeBitfield,
  writeExtended,
  writePieceIndex,
  writeRequest,
  writeSignal,
} from '../wire/index.ts'

const BLOCK = 16_384

/** Lets `peer` answer until nothing more is asked. */
function answerAll(peer: { answer(spoil?: (piece: number, block: Uint8Array) => void): number }) {
  while (peer.answer() > 0);
}

describe('downloading', () => {
  test('one seeder gives every byte, and the torrent is done once', () => {
    const script = new ScriptedSwarm()
    const [peer] = script.add(1)
    peer!.seed()
    answerAll(peer!)
    expect(script.noticesOf('piece')).toHaveLength(8)
    expect(script.noticesOf('done')).toHaveLength(1)
    const file = script.disk.files.get('film-0.bin')
    expect(file !== undefined && equalBytes(file, script.torrent.bytes)).toBe(true)
  })

  test('a batch of requests leaves in one send', () => {
    const script = new ScriptedSwarm()
    const [peer] = script.add(1)
    peer!.seed()
    expect(peer!.heardOf('request').length).toBeGreaterThanOrEqual(8)
    // The handshake, the greeting, interest with the requests.
    expect(peer!.sends).toBeLessThanOrEqual(4)
  })

  test('a peer that chokes us is asked for nothing, and what it owed is asked of another', () => {
    const script = new ScriptedSwarm({ pieces: 2 })
    const [first, second] = script.add(2)
    first!.seed()
    const owed = first!.heardOf('request').length
    expect(owed).toBe(8)
    second!.seed()
    first!.say(writer => writeSignal(writer, 'choke'))
    answerAll(second!)
    expect(first!.heardOf('request')).toHaveLength(owed)
    expect(script.noticesOf('done')).toHaveLength(1)
  })

  test('a rate limit holds the requests back, and lets them go as time passes', () => {
    const script = new ScriptedSwarm({ pieces: 64, downLimit: 100_000 })
    const [peer] = script.add(1)
    peer!.seed()
    for (let turn = 0; turn < 100; turn++) {
      peer!.answer()
      script.wait(100)
    }
    const asked = peer!.heardOf('request').length * BLOCK
    expect(asked).toBeGreaterThan(800_000)
    expect(asked).toBeLessThan(1_300_000)
  })

  test('done and not sharing, every peer is let go and nobody is dialled any more', () => {
    const script = new ScriptedSwarm()
    const [peer, other] = script.add(2)
    peer!.seed()
    answerAll(peer!)
    expect(peer!.isClosed && other!.isClosed).toBe(true)
    expect(script.add(1)).toEqual([])
    script.wait(60_000)
    expect(script.swarm.wakeAtMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('what a freerider says', () => {
  test('it has nothing, wants something, and names neither itself nor its address', () => {
    const script = new ScriptedSwarm()
    const [peer] = script.add(1)
    peer!.seed()
    answerAll(peer!)
    const kinds = new Set(peer!.heard.map(message => message.kind))
    expect([...kinds].sort()).toEqual(['extended', 'haveNone', 'interested', 'request'])
    const [greeting] = peer!.heardOf('extended')
    const said = decodeExtensionHandshake(greeting!.payload)
    const { client, port, requestsMax, yourIp, metadataSize } = said
    expect([client, port, requestsMax, yourIp, metadataSize]).toEqual(Array(5).fill(undefined))
    expect(said.extensions.has('ut_pex')).toBe(false)
  })

  test('interest and requests of a peer get no piece, no unchoke and no bitfield', () => {
    const script = new ScriptedSwarm()
    const [peer] = script.add(1)
    peer!.seed()
    peer!.answer()
    peer!.say(writer => writeSignal(writer, 'interested'))
    script.wait(60_000)
    const given = peer!.heard.filter(message =>
      ['piece', 'unchoke', 'bitfield', 'have', 'haveAll'].includes(message.kind),
    )
    expect(given).toEqual([])
  })

  test('a request for metadata is rejected', () => {
    const script = new ScriptedSwarm()
    const [peer] = script.add(1)
    peer!.greet()
    const extensions = new Map([['ut_metadata', 5]])
    peer!.say(writer => {
      writeExtended(writer, 0, encodeExtensionHandshake({ extensions, isUploadOnly: false }))
      writeExtended(writer, 2, encodeMetadataMessage({ kind: 'request', piece: 0 }))
    })
    const answer = peer!.heardOf('extended').at(-1)
    expect(answer?.extensionId).toBe(5)
    expect(decodeMetadataMessage(answer!.payload)).toEqual({ kind: 'reject', piece: 0 })
  })

  test('no connection from outside is taken', () => {
    const script = new ScriptedSwarm()
    const from = { ip: Uint8Array.of(10, 1, 1, 1), port: 5000 }
    script.step({ kind: 'tcp-accepted', connection: 2, from })
    script.step({ kind: 'tcp-data', connection: 2, bytes: new Uint8Array(68) })
    expect(script.story).toEqual([])
  })
})

describe('liars', () => {
  test('a peer that alone sent a bad piece is banned, and the piece comes from another', () => {
    const script = new ScriptedSwarm({ pieces: 1 })
    const [liar, honest] = script.add(2)
    liar!.seed()
    liar!.answer((_, block) => block.fill(0))
    expect(liar!.isClosed).toBe(true)
    expect(script.story).toContain('10.0.0.1:6881 banned bad-piece')
    honest!.seed()
    answerAll(honest!)
    expect(script.noticesOf('done')).toHaveLength(1)
  })

  test('nothing of a bad piece is served', () => {
    const script = new ScriptedSwarm({ pieces: 1 })
    const [liar] = script.add(1)
    script.step({ kind: 'read', viewer: 1, request: 77, file: 0, begin: 0, size: 1000 })
    liar!.seed()
    liar!.answer((_, block) => block.fill(0))
    expect(script.noticesOf('read-done')).toEqual([])
  })

  test.each([['of another torrent', 'handshake-other-torrent']])(
    'a handshake %s ends the connection',
    (_what, _reason) => {
      const script = new ScriptedSwarm()
      const [peer] = script.add(1)
      peer!.greet(new Uint8Array(20).fill(9))
      expect(peer!.isClosed).toBe(true)
    },
  )

  test('a block of a piece that does not exist ends the connection', () => {
    const script = new ScriptedSwarm()
    const [peer] = script.add(1)
    peer!.seed()
    peer!.sendBlock(8, 0, new Uint8Array(BLOCK))
    expect(script.story.at(-1)).toBe('10.0.0.1:6881 lost block-unasked')
  })

  test('a bitfield of another size, a second one, and a have beyond the end end the connection', () => {
    const wrongs = [
      (peer: { say: ScriptedSay }) => peer.say(w => writeBitfield(w, new Uint8Array(5))),
      (peer: { say: ScriptedSay }) =>
        peer.say(w => {
          writeBitfield(w, new Uint8Array(1))
          writeBitfield(w, new Uint8Array(1))
        }),
      (peer: { say: ScriptedSay }) => peer.say(w => writePieceIndex(w, 'have', 8)),
    ]
    for (const wrong of wrongs) {
      const script = new ScriptedSwarm()
      const [peer] = script.add(1)
      peer!.greet()
      wrong(peer!)
      expect(peer!.isClosed).toBe(true)
    }
  })
})

type ScriptedSay = (write: (writer: ByteWriter) => void) => void

describe('metadata', () => {
  /** The peer offers the info dictionary and sends the chunks that it is asked for. */
  function offer(script: ScriptedSwarm, peer: ScriptedSwarm['peers'][number], lies = false): void {
    const { info } = script.torrent
    peer.greet()
    const extensions = new Map([['ut_metadata', 9]])
    peer.say(w => {
      writeSignal(w, 'haveAll')
      const metadataSize = info.length
      writeExtended(
        w,
        0,
        encodeExtensionHandshake({ extensions, metadataSize, isUploadOnly: true }),
      )
    })
    for (const { extensionId, payload } of peer.heardOf('extended')) {
      if (extensionId !== 9) continue
      const asked = decodeMetadataMessage(payload)
      if (asked?.kind !== 'request') continue
      const begin = asked.piece * METADATA_PIECE_BYTES
      const bytes = info.slice(begin, begin + METADATA_PIECE_BYTES)
      if (lies) bytes.fill(0)
      const { piece } = asked
      const message = { kind: 'data', piece, totalSize: info.length, bytes } as const
      peer.say(w => writeExtended(w, 2, encodeMetadataMessage(message)))
    }
  }

  test('an infohash becomes a torrent, and what was said before counts', () => {
    const script = new ScriptedSwarm({ isMagnet: true })
    const [peer] = script.add(1)
    offer(script, peer!)
    expect(script.noticesOf('metadata')).toHaveLength(1)
    peer!.say(w => writeSignal(w, 'unchoke'))
    answerAll(peer!)
    expect(script.noticesOf('done')).toHaveLength(1)
  })

  test('a liar is banned, and the metadata comes from another', () => {
    const script = new ScriptedSwarm({ isMagnet: true })
    const [liar, honest] = script.add(2)
    offer(script, liar!, true)
    expect(script.story).toContain('10.0.0.1:6881 banned bad-metadata')
    expect(script.noticesOf('metadata')).toEqual([])
    offer(script, honest!)
    expect(script.noticesOf('metadata')).toHaveLength(1)
  })

  test('a read before the metadata is refused', () => {
    const script = new ScriptedSwarm({ isMagnet: true })
    script.step({ kind: 'read', viewer: 1, request: 7, file: 0, begin: 0, size: 10 })
    expect(script.noticesOf('read-failed')).toHaveLength(1)
  })
})

describe('connections', () => {
  test('no more are open than allowed, and a lost one is replaced by another address', () => {
    const script = new ScriptedSwarm({ connectionsMax: 3 })
    const dialled = script.add(5)
    expect(dialled).toHaveLength(3)
    script.step({ kind: 'tcp-closed', connection: dialled[0]!.connection, reason: 'refused' })
    expect(script.peers).toHaveLength(4)
    expect(new Set(script.peers.map(peer => peer.to.ip[3])).size).toBe(4)
  })

  test('no more than 200 are open, whatever is asked for', () => {
    const script = new ScriptedSwarm({ connectionsMax: 100_000 })
    expect(script.add(250)).toHaveLength(200)
  })

  test('a blocked address is not dialled', () => {
    const script = new ScriptedSwarm({ blocked: ip => ip[3] === 1 })
    expect(script.add(2).map(peer => peer.to.ip[3])).toEqual([2])
  })

  test('a handshake that does not come within ten seconds ends the connection', () => {
    const script = new ScriptedSwarm()
    const [peer] = script.add(1)
    script.step({ kind: 'tcp-open', connection: peer!.connection })
    script.wait(9_000)
    expect(peer!.isClosed).toBe(false)
    script.wait(3_000)
    expect(peer!.isClosed).toBe(true)
  })

  test('a peer that brings nothing for half a minute leaves when others wait', () => {
    const script = new ScriptedSwarm({ connectionsMax: 1 })
    const [idle] = script.add(2)
    idle!.greet()
    script.wait(45_000)
    expect(idle!.isClosed).toBe(true)
    expect(script.story.at(-1)).toBe('10.0.0.1:6881 lost replaced')
    expect(script.peers).toHaveLength(2)
  })

  test('a minute and a half of our silence is broken by a keep-alive', () => {
    const script = new ScriptedSwarm()
    const [peer] = script.add(1)
    peer!.greet()
    script.wait(110_000)
    expect(peer!.heardOf('keepAlive')).toHaveLength(1)
  })

  test('half a minute without any peer is told, and taken back when one comes', () => {
    const script = new ScriptedSwarm()
    script.wait(40_000)
    expect(script.noticesOf('problem').map(({ problem }) => problem.code)).toEqual(['no-peers'])
    const [peer] = script.add(1)
    peer!.greet()
    script.wait(2_000)
    expect(script.noticesOf('problem').at(-1)?.problem).toMatchObject({
      code: 'over',
      message: 'no-peers',
    })
  })
})

describe('viewers', () => {
  test('a read waits for its piece, and gets its very bytes', () => {
    const script = new ScriptedSwarm()
    const begin = 5 * 4 * BLOCK + 100
    script.step({ kind: 'read', viewer: 1, request: 7, file: 0, begin, size: 1000 })
    const [peer] = script.add(1)
    peer!.seed()
    expect(peer!.heardOf('request')[0]?.piece).toBe(5)
    expect(script.noticesOf('read-done')).toEqual([])
    answerAll(peer!)
    const [answer] = script.noticesOf('read-done')
    expect(answer?.bytes).toEqual(script.torrent.bytes.slice(begin, begin + 1000))
  })

  test('a withdrawn read is not answered', () => {
    const script = new ScriptedSwarm()
    script.step({ kind: 'read', viewer: 1, request: 7, file: 0, begin: 0, size: 1000 })
    script.step({ kind: 'read-cancel', request: 7 })
    const [peer] = script.add(1)
    peer!.seed()
    answerAll(peer!)
    expect(script.noticesOf('read-done')).toEqual([])
  })

  test('a read outside of the file is refused at once', () => {
    const script = new ScriptedSwarm()
    for (const [file, begin] of [
      [1, 0],
      [0, 8 * 4 * BLOCK],
      [0, -1],
    ] as const) {
      script.step({ kind: 'read', viewer: 1, request: 7, file, begin, size: 10 })
    }
    expect(script.noticesOf('read-failed')).toHaveLength(3)
  })

  test('a viewer that leaves takes its reads and its window away', () => {
    const script = new ScriptedSwarm()
    script.step({ kind: 'read', viewer: 1, request: 7, file: 0, begin: 0, size: 10 })
    expect(script.swarm.status().viewers).toHaveLength(1)
    script.step({ kind: 'viewer-closed', viewer: 1 })
    expect(script.swarm.status().viewers).toEqual([])
  })
})

test('a viewer that leaves quiets the line for a second and a half, and a new one ends that', () => {
  const script = new ScriptedSwarm({ pieces: 64 })
  const [peer] = script.add(1)
  const read = (request: number, begin: number) =>
    script.step({ kind: 'read', viewer: request, request, file: 0, begin, size: 10 })
  read(7, 0)
  peer!.seed()
  script.step({ kind: 'viewer-closed', viewer: 7 })
  answerAll(peer!)
  const before = peer!.heardOf('request').length
  script.wait(1_400)
  expect(peer!.heardOf('request')).toHaveLength(before)
  read(8, 40 * 4 * BLOCK)
  expect(peer!.heardOf('request')[before]?.piece).toBe(40)
  script.step({ kind: 'viewer-closed', viewer: 8 })
  answerAll(peer!)
  const quiet = peer!.heardOf('request').length
  script.wait(1_600)
  expect(peer!.heardOf('request').length).toBeGreaterThan(quiet)
})

describe('sharing', () => {
  test('what is verified is told, and given to whoever is interested', () => {
    const script = new ScriptedSwarm({ shares: true, pieces: 2 })
    const [seeder, leecher] = script.add(2)
    leecher!.greet()
    leecher!.say(w => {
      writeSignal(w, 'haveNone')
      writeSignal(w, 'interested')
    })
    seeder!.seed()
    answerAll(seeder!)
    expect(
      leecher!
        .heardOf('have')
        .map(({ piece }) => piece)
        .sort(),
    ).toEqual([0, 1])
    expect(leecher!.heardOf('unchoke')).toHaveLength(1)
    leecher!.say(w => {
      for (let block = 0; block < 4; block++) askBlock(w, block)
    })
    const blocks = leecher!.heardOf('piece')
    expect(blocks.map(({ begin }) => begin)).toEqual([0, BLOCK, 2 * BLOCK, 3 * BLOCK])
    for (const { piece, begin, block } of blocks) {
      expect(equalBytes(block, script.blockAt(piece, begin, BLOCK))).toBe(true)
    }
  })

  test('a last block that is asked for as if the file went on is filled up with zeros', () => {
    const script = new ScriptedSwarm({ shares: true, pieces: 1 })
    const [seeder, leecher] = script.add(2)
    leecher!.greet()
    leecher!.say(w => writeSignal(w, 'interested'))
    seeder!.seed()
    answerAll(seeder!)
    leecher!.say(w => writeRequest(w, 0, 3 * BLOCK, BLOCK))
    const [answer] = leecher!.heardOf('piece')
    expect(answer?.block.length).toBe(BLOCK)
    const last = script.blockAt(0, 3 * BLOCK, BLOCK - 100)
    expect(equalBytes(answer!.block.subarray(0, BLOCK - 100), last)).toBe(true)
    expect(answer!.block.subarray(BLOCK - 100).every(byte => byte === 0)).toBe(true)
  })

  test('a request of a choked peer, and one for what we lack, is rejected', () => {
    const script = new ScriptedSwarm({ shares: true, pieces: 2 })
    const [leecher] = script.add(1)
    leecher!.greet()
    leecher!.say(w => askBlock(w, 0))
    expect(leecher!.heardOf('reject')).toHaveLength(1)
    leecher!.say(w => writeSignal(w, 'interested'))
    leecher!.say(w => askBlock(w, 0))
    expect(leecher!.heardOf('reject')).toHaveLength(2)
    expect(leecher!.heardOf('piece')).toEqual([])
  })
})

function askBlock(writer: ByteWriter, block: number): void {
  writeRequest(writer, 0, block * BLOCK, BLOCK)
}
