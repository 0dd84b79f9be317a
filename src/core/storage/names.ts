// The names under which a stranger's files are kept: safe on Linux, macOS and Windows alike, inside the
// store directory whatever the torrent says, never two for one file, and the same at every start.

/** Bytes of UTF-8 in one part of a path: below the 255 of common file systems, with room for ` (9999)`. */
export const NAME_LIMIT_BYTES = 200
/** Bytes of UTF-8 in a whole path below the store directory: macOS allows 1024 with the directory. */
export const PATH_LIMIT_BYTES = 700
/** Parts of a path; deeper folders are folded into one, so that a torrent cannot make a tower of them. */
export const PATH_PARTS_MAX = 32
/** The folder in the store directory that is the store's own. */
export const PRIVATE_FOLDER = '.torrent-live'

const EXTENSION_LIMIT_BYTES = 20
// Separators and what Windows forbids; controls; marks that turn the reading direction ("gpj.exe"); halves of pairs.
const FORBIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  /[<>:"/\\|?*\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu
// Windows opens a device for these, whatever the case and the extension.
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)/i
const encoder = new TextEncoder()

/** One part of a path as a name that every platform takes; never empty, never `.` or `..`. */
export function safeName(part: string): string {
  const cleaned = part.normalize('NFC').replace(FORBIDDEN, '_')
  const name = shorten(cleaned).replace(/[. ]+$/u, '')
  if (name === '') return '_'
  return RESERVED.test(name) ? `_${name}` : name
}

function shorten(name: string): string {
  if (byteSize(name) <= NAME_LIMIT_BYTES) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot) : ''
  const isKept = byteSize(extension) <= EXTENSION_LIMIT_BYTES
  const end = isKept ? extension : ''
  return (
    cut(isKept ? name.slice(0, name.length - end.length) : name, NAME_LIMIT_BYTES - byteSize(end)) +
    end
  )
}

/** The longest start of `text` that fits, cut between characters. */
function cut(text: string, limitBytes: number): string {
  let size = 0
  let end = 0
  for (const character of text) {
    size += byteSize(character)
    if (size > limitBytes) break
    end += character.length
  }
  return text.slice(0, end)
}

function byteSize(text: string): number {
  return encoder.encode(text).length
}

/** Two names that some file system takes for one have the same fold. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase().normalize('NFC')
}

interface Folder {
  readonly path: string
  readonly folders: Map<string, Folder>
  /** Folds of the names in use here, and the number that the next one of that name would get. */
  readonly taken: Map<string, number>
}

/** Gives every file of one torrent its path; the answers depend on the order of the questions alone. */
export class NameTree {
  readonly #root: Folder = { path: '', folders: new Map(), taken: new Map([[PRIVATE_FOLDER, 2]]) }

  /**
   * @param parts the path as the torrent spells it, at least one part.
   * @returns the path below the store directory, `/` between its parts; no two calls get the same.
   */
  fileAt(parts: readonly string[]): string {
    const names = bounded(parts.filter(part => part !== '' && part !== '.').map(safeName))
    let folder = this.#root
    for (const name of names.slice(0, -1)) folder = folderIn(folder, name)
    return folder.path + freeName(folder, names.at(-1) ?? '_')
  }
}

function bounded(names: readonly string[]): readonly string[] {
  const isShort = byteSize(names.join('/')) <= PATH_LIMIT_BYTES
  if (names.length <= PATH_PARTS_MAX && isShort) return names
  // The torrent's folder and the file's name say the most; what lies between becomes one folder.
  return [names[0] as string, '_', names.at(-1) as string]
}

function folderIn(parent: Folder, name: string): Folder {
  const key = fold(name)
  const known = parent.folders.get(key)
  if (known !== undefined) return known
  const made: Folder = {
    path: `${parent.path}${freeName(parent, name)}/`,
    folders: new Map(),
    taken: new Map(),
  }
  parent.folders.set(key, made)
  return made
}

/** `name`, or `name (2).ext` and so on where another file or folder, in whatever case, has it. */
function freeName(folder: Folder, name: string): string {
  const key = fold(name)
  let number = folder.taken.get(key)
  if (number === undefined) {
    folder.taken.set(key, 2)
    return name
  }
  const dot = name.lastIndexOf('.')
  const stem = dot > 0 ? name.slice(0, dot) : name
  // The counter remembers where the search ended: ten thousand equal names cost ten thousand steps.
  for (;;) {
    const candidate = `${stem} (${number++})${name.slice(stem.length)}`
    folder.taken.set(key, number)
    if (folder.taken.has(fold(candidate))) continue
    folder.taken.set(fold(candidate), 2)
    return candidate
  }
}
