// A release name as a person would say it: `Big.Buck.Bunny.2008.1080p.x264-GRP.mkv` is
// "Big Buck Bunny", with 2008 and 1080p beside it. The name as it is stays visible in the file list.

export interface Title {
  readonly text: string
  /** Year, episode, resolution: at most `TAGS_MAX` short words. */
  readonly tags: readonly string[]
}

const TAGS_MAX = 4
const NAME_CHARACTERS_MAX = 300

/** What ends the title: the first of these words that is not the first word of the name. */
const END_OF_TITLE =
  /^(?:(?:19|20)\d\d|s\d{1,2}(?:e\d{1,3})*|\d{3,4}[pi]|4k|uhd|hdr(?:10)?|web(?:-?dl|-?rip)?|blu-?ray|bd-?rip|br-?rip|dvd(?:-?rip)?|hdtv|remux|[xh]\.?26[45]|hevc|avc|av1|aac|ac3|dts|flac|mp3|opus|proper|repack)$/i

/** Of those words, the ones that are worth telling. */
const WORTH_TELLING = /^(?:(?:19|20)\d\d|s\d{1,2}(?:e\d{1,3})*|\d{3,4}[pi]|4k|hdr(?:10)?|flac)$/i

/** Begins with a letter, or the year in `Film.2008` would be taken for one. */
const EXTENSION = /\.[a-z][a-z0-9]{1,3}$/i

/** Splits a file's or torrent's name; never throws, whatever a stranger has called it. */
export function titleOf(name: string): Title {
  const last = name.slice(0, NAME_CHARACTERS_MAX).split('/').at(-1) ?? ''
  const bare = last.replace(EXTENSION, '')
  const words = bare
    .replace(/[[\](){}]/g, ' ')
    .split(bare.includes(' ') ? /[\s_]+/ : /[\s._]+/)
    .filter(word => word !== '')
  const end = words.findIndex((word, index) => index > 0 && END_OF_TITLE.test(tagWord(word)))
  if (end < 0) return { text: words.join(' ').trim() || name, tags: [] }
  const tags = words
    .slice(end)
    .map(tagWord)
    .filter(word => WORTH_TELLING.test(word))
    .map(word => (/^\d{3,4}[PI]$/i.test(word) ? word.toLowerCase() : word.toUpperCase()))
  const text = words
    .slice(0, end)
    .join(' ')
    .replace(/[\s-]+$/, '')
  return { text: text || name, tags: [...new Set(tags)].slice(0, TAGS_MAX) }
}

/** `x264-GRP` is `x264`, and `2008,` is `2008`. */
const tagWord = (word: string): string =>
  word.replace(/[,;]$/, '').replace(/^([xh]26[45]|aac|ac3|dts|web|hdtv|\d{3,4}p)-.*$/i, '$1')
