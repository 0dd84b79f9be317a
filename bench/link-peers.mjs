// The other ends of bench/link-start.mjs, in a few lines each, hard-wired to one torrent.
//   node bench/link-peers.mjs floor INFOHASH PIECE_BYTES HOST:PORT...   the fastest that a client can get piece 0: prints JSON
//   node bench/link-peers.mjs liar|staller INFOHASH FILE HOST          a peer that harms: prints its port, ends with stdin
import { randomFillSync } from 'node:crypto'
import { openSync, readSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'

const BLOCK_BYTES = 16_384
const [role, infohash, ...rest] = process.argv.slice(2)
const ID = { unchoke: 1, interested: 2, request: 6, piece: 7, haveAll: 14 }

/** The 68 bytes of BEP 3 with the bit of the fast extension, so that `have_all` says everything. */
function handshake() {
  const bytes = Buffer.alloc(68)
  bytes.write('\x13BitTorrent protocol', 'latin1')
  bytes[27] = 4
  bytes.write(infohash.slice(0, 40), 28, 'hex')
  randomFillSync(bytes, 48)
  return bytes
}

function message(id, ...words) {
  const bytes = Buffer.alloc(5 + 4 * words.length)
  bytes.writeUInt32BE(1 + 4 * words.length)
  bytes[4] = id
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, 5 + 4 * index)
  return bytes
}

/** Calls `onMessage(id, payload)` for every message that comes after the handshake. */
function listen(socket, onMessage) {
  let waiting = Buffer.alloc(0)
  let isGreeted = false
  socket.on('error', () => socket.destroy())
  socket.on('data', chunk => {
    waiting = Buffer.concat([waiting, chunk])
    if (!isGreeted && waiting.length >= 68) {
      isGreeted = true
      waiting = waiting.subarray(68)
    }
    while (isGreeted && waiting.length >= 4) {
      const size = waiting.readUInt32BE()
      if (waiting.length < 4 + size) return
      if (size > 0) onMessage(waiting[4], waiting.subarray(5, 4 + size))
      waiting = waiting.subarray(4 + size)
    }
  })
}

/** Asks each peer for its share of piece 0 as soon as it unchokes. */
async function floor([pieceBytes, ...addresses]) {
  const blocks = Math.ceil(Number(pieceBytes) / BLOCK_BYTES)
  const startedAt = performance.now()
  const since = () => performance.now() - startedAt
  const figures = { connectMs: [], unchokeMs: [], firstRequestMs: Number.POSITIVE_INFINITY }
  let missing = blocks
  await new Promise(resolve => {
    for (const [peer, address] of addresses.entries()) {
      const [host, port] = address.split(':')
      const socket = createConnection({ host, port: Number(port), noDelay: true })
      socket.once('connect', () => {
        figures.connectMs.push(since())
        socket.write(Buffer.concat([handshake(), message(ID.interested)]))
      })
      let isAsked = false
      listen(socket, id => {
        if (id === ID.unchoke && !isAsked) {
          isAsked = true
          figures.unchokeMs.push(since())
          figures.firstRequestMs = Math.min(figures.firstRequestMs, since())
          for (let block = peer; block < blocks; block += addresses.length)
            socket.write(message(ID.request, 0, block * BLOCK_BYTES, BLOCK_BYTES))
        }
        if (id === ID.piece && --missing === 0) resolve()
      })
    }
  })
  console.log(JSON.stringify({ ...figures, pieceMs: since() - figures.firstRequestMs }))
  process.exit(0)
}

/** Has everything and unchokes everybody; `answer(piece, begin, size)` is its block, or nothing. */
function harm([, host], answer) {
  const server = createServer(socket => {
    socket.write(Buffer.concat([handshake(), message(ID.haveAll), message(ID.unchoke)]))
    listen(socket, (id, payload) => {
      if (id !== ID.request) return
      const [piece, begin, size] = [0, 4, 8].map(at => payload.readUInt32BE(at))
      const block = answer(piece, begin, size)
      if (block === undefined) return
      const head = message(ID.piece, piece, begin)
      head.writeUInt32BE(9 + block.length)
      socket.write(Buffer.concat([head, block]))
    })
  })
  server.listen(0, host, () => console.log(server.address().port))
  process.stdin.resume().once('end', () => process.exit(0))
}

if (role === 'floor') await floor(rest)
if (role === 'liar') harm(rest, (_piece, _begin, size) => randomFillSync(Buffer.alloc(size)))
if (role === 'staller') {
  // One right block of the head piece, so that it looks fast, and then nothing on an open connection.
  const file = openSync(rest[0], 'r')
  let isSilent = false
  harm(rest, (piece, begin, size) => {
    if (isSilent || piece !== 0) return undefined
    isSilent = true
    const block = Buffer.alloc(size)
    readSync(file, block, 0, size, begin)
    return block
  })
}
