import { describe, expect, test } from 'vitest'
import { SeededLuck } from '../../../sim/random.ts'
import { concatBytes, writeUint32 } from '../bytes/index.ts'
import { ContainerIndex, LOOK_BYTES_MAX, LOOKS_MAX } from './container-index.ts'

const ascii = (text: string) => Uint8Array.from(text, char => char.charCodeAt(0))

/** A box with a 32-bit size; `size` overrides what is written. */
function box(type: string, body: Uint8Array, size = body.length + 8): Uint8Array {
  const head = new Uint8Array(8)
  writeUint32(head, 0, size)
  head.set(ascii(type), 4)
  return concatBytes(head, body)
}

function mvhd(timescale: number, duration: number): Uint8Array {
  const body = new Uint8Array(100)
  writeUint32(body, 12, timescale)
  writeUint32(body, 16, duration)
  return box('mvhd', body)
}

const FTYP = box('ftyp', ascii('isomiso2'))
const MOOV = box('moov', concatBytes(mvhd(1000, 90_000), box('trak', new Uint8Array(500))))

/** An element with a one-byte size (up to 126 bytes of content) or, with `wide`, an eight-byte one. */
function element(id: number[], body: Uint8Array, wide = false): Uint8Array {
  const size = new Uint8Array(wide ? 8 : 1)
  if (wide) {
    size[0] = 1
    writeUint32(size, 4, body.length)
  } else size[0] = 0x80 | body.length
  return concatBytes(Uint8Array.from(id), size, body)
}

const uint = (value: number) => {
  const bytes = new Uint8Array(4)
  writeUint32(bytes, 0, value)
  return bytes
}
const float = (value: number) => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value)
  return bytes
}

/** A Matroska file: EBML head, SeekHead that names the Cues, Info, one Cluster of `clusterBytes`, Cues. */
function matroska(clusterBytes: number): { file: Uint8Array; cuesAt: number; cuesBytes: number } {
  const head = element([0x1a, 0x45, 0xdf, 0xa3], new Uint8Array(20))
  const info = element(
    [0x15, 0x49, 0xa9, 0x66],
    concatBytes(element([0x2a, 0xd7, 0xb1], uint(1_000_000)), element([0x44, 0x89], float(60_000))),
  )
  const cluster = element([0x1f, 0x43, 0xb6, 0x75], new Uint8Array(clusterBytes), true)
  const cues = element([0x1c, 0x53, 0xbb, 0x6b], new Uint8Array(100))
  const seekHead = (position: number) =>
    element(
      [0x11, 0x4d, 0x9b, 0x74],
      element(
        [0x4d, 0xbb],
        concatBytes(
          element([0x53, 0xab], Uint8Array.from([0x1c, 0x53, 0xbb, 0x6b])),
          element([0x53, 0xac], uint(position)),
        ),
      ),
    )
  const cuesPosition = seekHead(0).length + info.length + cluster.length
  const content = concatBytes(seekHead(cuesPosition), info, cluster, cues)
  const segment = element([0x18, 0x53, 0x80, 0x67], content, true)
  const cuesAt = head.length + (segment.length - content.length) + cuesPosition
  return { file: concatBytes(head, segment), cuesAt, cuesBytes: cues.length }
}

/** Feeds pieces of `pieceBytes` as they are asked for. @returns how many were needed. */
function feedAsAsked(index: ContainerIndex, file: Uint8Array, pieceBytes: number): number {
  let pieces = 0
  for (let wants = index.wants; wants !== undefined; wants = index.wants) {
    const begin = Math.floor(wants.begin / pieceBytes) * pieceBytes
    index.feed(begin, file.subarray(begin, begin + pieceBytes))
    pieces++
    expect(pieces).toBeLessThanOrEqual(2 * LOOKS_MAX)
  }
  return pieces
}

describe('the index of a container', () => {
  test('is found where an MP4 has its moov at the start, with the playing time', () => {
    const file = concatBytes(FTYP, MOOV, box('mdat', new Uint8Array(5000)))
    const index = new ContainerIndex(file.length)
    feedAsAsked(index, file, 4096)
    expect(index.kind).toBe('mp4')
    expect(index.index).toEqual({ begin: FTYP.length, end: FTYP.length + MOOV.length })
    expect(index.durationSeconds).toBe(90)
  })

  test('is found behind gigabytes of mdat without reading them', () => {
    const mdatBytes = 5 * 1024 ** 3
    const longHead = new Uint8Array(16)
    writeUint32(longHead, 0, 1)
    longHead.set(ascii('mdat'), 4)
    writeUint32(longHead, 8, Math.floor(mdatBytes / 2 ** 32))
    writeUint32(longHead, 12, mdatBytes % 2 ** 32)
    const index = new ContainerIndex(FTYP.length + mdatBytes + MOOV.length)
    index.feed(0, concatBytes(FTYP, longHead))
    const moovAt = FTYP.length + mdatBytes
    expect(index.wants?.begin).toBe(moovAt)
    index.feed(moovAt, MOOV)
    expect(index.index).toEqual({ begin: moovAt, end: moovAt + MOOV.length })
    expect(index.durationSeconds).toBe(90)
  })

  test('is found in a Matroska file through its SeekHead, past a cluster that is not read', () => {
    const { file, cuesAt, cuesBytes } = matroska(300_000)
    const index = new ContainerIndex(file.length)
    expect(feedAsAsked(index, file, 16_384)).toBeLessThanOrEqual(3)
    expect(index.kind).toBe('matroska')
    expect(index.index).toEqual({ begin: cuesAt, end: cuesAt + cuesBytes })
    expect(index.durationSeconds).toBe(60)
  })

  test.each([1, 7, 16, 100])('is the same when the bytes come %i at a time', pieceBytes => {
    for (const file of [concatBytes(FTYP, MOOV), matroska(50).file]) {
      const whole = new ContainerIndex(file.length)
      feedAsAsked(whole, file, file.length)
      const index = new ContainerIndex(file.length)
      for (let round = 0; round < 3; round++) {
        for (let at = 0; at < file.length; at += pieceBytes) {
          index.feed(at, file.subarray(at, at + pieceBytes))
        }
      }
      expect(index.index).toEqual(whole.index)
      expect(index.durationSeconds).toBe(whole.durationSeconds)
    }
  })

  test('is looked for at the end of kinds that keep it there, and nowhere in other files', () => {
    const kindOf = (head: Uint8Array) => {
      const index = new ContainerIndex(1_000_000)
      index.feed(0, concatBytes(head, new Uint8Array(64)))
      return index.kind
    }
    expect(kindOf(ascii('RIFF'))).toBe('ended')
    expect(kindOf(ascii('OggS'))).toBe('ended')
    expect(kindOf(ascii('PK'))).toBe('other')
  })

  test('of hostile bytes ends after a bounded number of bounded looks', () => {
    const luck = new SeededLuck(7)
    const seeds = [concatBytes(FTYP, MOOV), matroska(200).file]
    for (let round = 0; round < 20_000; round++) {
      const file = (seeds[round % 2] as Uint8Array).slice()
      for (let count = 1 + luck.below(12); count > 0; count--) {
        file[luck.below(file.length)] = luck.chance(0.3) ? 0 : luck.below(256)
      }
      const fileBytes = luck.chance(0.5) ? file.length : 2 ** (20 + luck.below(33))
      const index = new ContainerIndex(fileBytes)
      let looks = 0
      for (let wants = index.wants; wants !== undefined; wants = index.wants) {
        expect(++looks).toBeLessThanOrEqual(2 * LOOKS_MAX)
        expect(wants.begin).toBeGreaterThanOrEqual(0)
        expect(wants.end).toBeGreaterThan(wants.begin)
        expect(wants.end).toBeLessThanOrEqual(fileBytes)
        expect(wants.end - wants.begin).toBeLessThanOrEqual(LOOK_BYTES_MAX)
        const known = file.subarray(wants.begin, wants.end)
        const bytes = new Uint8Array(wants.end - wants.begin)
        bytes.set(known)
        index.feed(wants.begin, bytes)
      }
      const { index: found, durationSeconds } = index
      if (found !== undefined) {
        expect(found.begin).toBeLessThan(found.end)
        expect(found.end).toBeLessThanOrEqual(fileBytes)
      }
      if (durationSeconds !== undefined) expect(durationSeconds).toBeGreaterThan(0)
    }
  })

  test('of a box that claims to begin where it is ends all the same', () => {
    const index = new ContainerIndex(1000)
    const loop = concatBytes(
      FTYP,
      box('free', new Uint8Array(0), 8),
      box('free', new Uint8Array(0), 0),
    )
    feedAsAsked(index, concatBytes(loop, new Uint8Array(1000 - loop.length)), 1000)
    expect(index.index).toBeUndefined()
  })
})
