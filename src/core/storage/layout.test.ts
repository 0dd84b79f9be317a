import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FileEntry, layoutOf } from './layout.ts'
import { NAME_LIMIT_BYTES, NameTree, PATH_LIMIT_BYTES, safeName } from './names.ts'

const bytesIn = (text: string) => new TextEncoder().encode(text).length

describe('safe names', () => {
  test.each([
    ['..', '_'],
    ['.', '_'],
    ['', '_'],
    ['a/b', 'a_b'],
    ['..\\..\\evil', '.._.._evil'],
    ['C:', 'C_'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['com1 .tar', '_com1 .tar'],
    ['COM¹', '_COM¹'],
    ['console', 'console'],
    ['name. . .', 'name'],
    ['a\u0000b\nc', 'a_b_c'],
    ['evil\u202egpj.exe', 'evil_gpj.exe'],
    ['half\ud800', 'half_'],
    ['what?*|<>"', 'what______'],
    ['.hidden', '.hidden'],
  ])('%j is kept as %j', (given, kept) => {
    expect(safeName(given)).toBe(kept)
  })

  test('a long name is cut between characters and keeps its extension', () => {
    const name = safeName(`${'ä'.repeat(300)}.mkv`)
    expect(bytesIn(name)).toBeLessThanOrEqual(NAME_LIMIT_BYTES)
    expect(name).toMatch(/^ä+\.mkv$/)
  })

  test('any name becomes one that Linux, macOS and Windows take', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), given => {
        const name = safeName(given)
        expect(name).not.toBe('')
        expect(name).not.toMatch(/^\.{1,2}$/)
        expect(name).not.toMatch(/[/\\:*?"<>|]/)
        expect(name).not.toMatch(/[. ]$/)
        expect(name).not.toMatch(/\p{Surrogate}/u)
        expect(bytesIn(name)).toBeLessThanOrEqual(NAME_LIMIT_BYTES + 1)
        expect(safeName(name)).toBe(name)
      }),
    )
  })
})

describe('the names of one torrent', () => {
  const pathsOf = (...paths: string[][]) => {
    const tree = new NameTree()
    return paths.map(parts => tree.fileAt(parts))
  }

  test('a name that another file has, in whatever case, gets a number', () => {
    expect(pathsOf(['A.mkv'], ['a.mkv'], ['a.MKV'], ['a (2).mkv'])).toEqual([
      'A.mkv',
      'a (2).mkv',
      'a (3).MKV',
      'a (2) (2).mkv',
    ])
  })

  test('folders that differ in case alone are one, so that no system merges them by itself', () => {
    expect(pathsOf(['Dir', 'a'], ['dir', 'b'], ['DIR', 'A'])).toEqual([
      'Dir/a',
      'Dir/b',
      'Dir/A (2)',
    ])
  })

  test('a file and a folder of one name are kept apart', () => {
    expect(pathsOf(['x'], ['x', 'y'], ['x', 'z'])).toEqual(['x', 'x (2)/y', 'x (2)/z'])
  })

  test('no torrent gets the folder that is the store’s own', () => {
    expect(pathsOf(['.Torrent-Live', 'a'])).toEqual(['.Torrent-Live (2)/a'])
  })

  test('a tower of folders is folded, and a path too long is shortened', () => {
    const [tower, long] = pathsOf(new Array(60).fill('d'), new Array(10).fill('e'.repeat(199))) as [
      string,
      string,
    ]
    expect(tower).toBe('d/_/d')
    expect(bytesIn(long)).toBeLessThanOrEqual(PATH_LIMIT_BYTES)
  })

  test('ten thousand files of one name cost no more than their number', () => {
    const tree = new NameTree()
    const names = Array.from({ length: 10_000 }, () => tree.fileAt(['same.bin']))
    expect(new Set(names).size).toBe(10_000)
    expect(names[9999]).toBe('same (10000).bin')
  })

  test('whatever the paths, no two files share one and none leaves the store', () => {
    const part = fc.oneof(fc.constantFrom('..', '.', '', 'a', 'A', 'con', 'b/c'), fc.string())
    const paths = fc.array(fc.array(part, { minLength: 1, maxLength: 40 }), { maxLength: 60 })
    fc.assert(
      fc.property(paths, given => {
        const names = pathsOf(...given)
        const folded = names.map(name => name.toUpperCase().toLowerCase())
        expect(new Set(folded).size).toBe(names.length)
        for (const name of names) {
          expect(name.split('/').every(one => one !== '' && one !== '.' && one !== '..')).toBe(true)
        }
        expect(pathsOf(...given)).toEqual(names)
      }),
    )
  })
})

describe('pieces and files', () => {
  const sizes = fc.array(fc.record({ size: fc.nat(70_000), isPadding: fc.boolean() }), {
    minLength: 1,
    maxLength: 20,
  })

  function filesOf(given: readonly { size: number; isPadding: boolean }[]): FileEntry[] {
    let offset = 0
    return given.map(({ size, isPadding }, index) => {
      const file = { path: [`${index}`], size, offset, isPadding }
      offset += size
      return file
    })
  }

  test('the spans of all pieces cover every byte of every real file once, in order', () => {
    fc.assert(
      fc.property(sizes, fc.constantFrom(1000, 16_384), (given, pieceSize) => {
        const files = filesOf(given)
        const layout = layoutOf({ name: 'n', isSingleFile: false, pieceSize, files })
        const covered = files.map(() => 0)
        for (let piece = 0; piece < layout.pieceCount; piece++) {
          let end = 0
          for (const span of layout.spans(piece)) {
            expect(span.positionInFile).toBe(covered[span.file])
            expect(span.positionInPiece).toBeGreaterThanOrEqual(end)
            expect(layout.pieceAt(span.file, span.positionInFile)).toBe(piece)
            covered[span.file] = span.positionInFile + span.size
            end = span.positionInPiece + span.size
          }
          expect(end).toBeLessThanOrEqual(layout.pieceSize(piece))
        }
        expect(covered).toEqual(files.map(file => (file.isPadding ? 0 : file.size)))
      }),
    )
  })

  test('the sizes of all pieces add up to the row, and only the last may be short', () => {
    fc.assert(
      fc.property(sizes, given => {
        const files = filesOf(given)
        const layout = layoutOf({ name: 'n', isSingleFile: false, pieceSize: 16_384, files })
        const pieces = Array.from({ length: layout.pieceCount }, (_, piece) =>
          layout.pieceSize(piece),
        )
        expect(pieces.reduce((sum, size) => sum + size, 0)).toBe(
          given.reduce((sum, f) => sum + f.size, 0),
        )
        expect(pieces.slice(0, -1).every(size => size === 16_384)).toBe(true)
      }),
    )
  })

  test('in v2 the last piece of each file is as short as the file ends', () => {
    const files = [
      { path: ['a'], size: 20_000, offset: 0, isPadding: false },
      { path: ['b'], size: 100, offset: 32_768, isPadding: false },
    ]
    const layout = layoutOf({ name: 'n', isSingleFile: false, pieceSize: 16_384, files })
    expect([0, 1, 2].map(piece => layout.pieceSize(piece))).toEqual([16_384, 3616, 100])
  })

  test('a single file is stored as one file, and a symbolic link is not made', () => {
    const entry = { path: ['../film.mkv'], size: 5, offset: 0, isPadding: false }
    const single = layoutOf({
      name: 'film.mkv',
      isSingleFile: true,
      pieceSize: 16_384,
      files: [entry],
    })
    expect(single.files[0]?.path).toBe('film.mkv')
    const link = { path: ['l'], size: 0, offset: 5, isPadding: false, symlink: ['..', 'etc'] }
    const both = layoutOf({
      name: 'n',
      isSingleFile: false,
      pieceSize: 16_384,
      files: [entry, link],
    })
    expect(both.files.map(file => file.path)).toEqual(['n/.._film.mkv', ''])
  })

  test('8 GiB in the smallest pieces, and 100 GiB in the largest', () => {
    const one = (size: number) => [{ path: ['a'], size, offset: 0, isPadding: false }]
    const small = layoutOf({
      name: 'n',
      isSingleFile: true,
      pieceSize: 16_384,
      files: one(2 ** 33),
    })
    expect(small.pieceCount).toBe(524_288)
    expect(small.spans(524_287)[0]).toMatchObject({
      positionInFile: 2 ** 33 - 16_384,
      size: 16_384,
    })
    const large = layoutOf({
      name: 'n',
      isSingleFile: true,
      pieceSize: 2 ** 24,
      files: one(100 * 2 ** 30),
    })
    expect(large.spans(6399)[0]).toMatchObject({ positionInFile: 6399 * 2 ** 24 })
  })
})
