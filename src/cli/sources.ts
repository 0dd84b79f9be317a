// Which of the words on the command line are sources, and which one is the directory. Also understands the order of
// the first version of torrent-live: `<source> [directory] [findspies|findspiesonly] [mp4|webm]`.
import { UsageError } from './values.ts'

export interface Positionals {
  readonly sources: readonly string[]
  readonly directory?: string
}

/** Words of the first version that are understood, and what to say of them. */
const NOT_YET: { readonly [word: string]: string } = {
  findspies: 'Finding spies is not there yet: leave out "findspies" to stream without it.',
  findspiesonly: 'Finding spies is not there yet: leave out "findspiesonly".',
  mp4: 'Conversion to mp4 is not there yet: leave out "mp4"; the file is streamed as it is.',
  webm: 'Conversion to webm is not there yet: leave out "webm"; the file is streamed as it is.',
}

const WHAT_IS_A_SOURCE = 'a magnet link, an infohash (40 hexadecimal digits) or a .torrent file'

/**
 * @param isFile whether a file of that name exists; asked only for what may be one.
 * @throws Error named `BadSource`, as of any source that cannot be read; UsageError for words in a wrong order.
 */
export function readPositionals(
  words: readonly string[],
  isFile: (path: string) => boolean,
): Positionals {
  const address = words.find(word => /^(?!magnet:)[a-z][a-z0-9+.-]+:\/\//i.test(word))
  if (address !== undefined)
    throw badSource(
      `"${address}" is an address, and addresses are not fetched: download the .torrent file and give its path, or give a magnet link.`,
    )
  const count = words.findIndex((word, index) => !isSource(word, index === 0 ? isFile : undefined))
  const sources = count === -1 ? words : words.slice(0, count)
  const [directory, ...rest] = words.slice(sources.length)
  if (sources.length === 0)
    throw badSource(`"${words[0] ?? ''}" is no source: give ${WHAT_IS_A_SOURCE}.`)
  for (const word of directory === undefined ? [] : [directory, ...rest]) {
    const answer = Object.hasOwn(NOT_YET, word) ? NOT_YET[word] : undefined
    if (answer !== undefined) throw new UsageError(answer)
  }
  if (rest.length > 0)
    throw new UsageError(
      `"${rest[0]}" comes after the directory "${directory}": give the sources first, then one directory.`,
    )
  return directory === undefined ? { sources } : { sources, directory }
}

const badSource = (message: string): Error =>
  Object.assign(new Error(message), { name: 'BadSource' })

/** Without `isFile`, only names that end in .torrent are taken for files: the rest may be the directory. */
function isSource(word: string, isFile?: (path: string) => boolean): boolean {
  return (
    /^magnet:/i.test(word) ||
    /^(urn:)?(btih|btmh):/i.test(word) ||
    /^[0-9a-f]{40}$/i.test(word) ||
    /^[a-z2-7]{32}$/i.test(word) ||
    /^(1220)?[0-9a-f]{64}$/i.test(word) ||
    /\.torrent$/i.test(word) ||
    isFile?.(word) === true
  )
}

/** Whether the client is to read it from disk. */
export const isPath = (source: string): boolean => !isSource(source) || /\.torrent$/i.test(source)
