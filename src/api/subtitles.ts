// Which subtitle files of a torrent belong to which video: `Film.mkv` with `Film.en.srt`, or with
// `Subs/English.srt` where the torrent has one video only.
import { paths } from './routes.ts'
import type { FileView } from './views.ts'

export interface SubtitleTrack {
  readonly file: number
  /** What to show in the menu: `English`, `en forced`, or the file's name. */
  readonly label: string
  /** BCP 47 where the file's name tells it, else empty. */
  readonly language: string
  /** WebVTT on this server, converted from SubRip where need be. */
  readonly url: string
}

/** A menu longer than this helps nobody. */
const TRACKS_MAX = 64

/** Language names and ISO 639-2 codes that release names use, and their BCP 47 tag. */
const LANGUAGES: { readonly [tag: string]: string } = {
  en: 'english eng',
  fr: 'french fre fra francais vf',
  de: 'german ger deu deutsch',
  es: 'spanish spa espanol castellano',
  it: 'italian ita italiano',
  pt: 'portuguese por portugues',
  nl: 'dutch dut nld nederlands',
  sv: 'swedish swe',
  da: 'danish dan',
  nb: 'norwegian nor nob',
  fi: 'finnish fin',
  pl: 'polish pol',
  cs: 'czech cze ces',
  hu: 'hungarian hun',
  ro: 'romanian rum ron',
  el: 'greek gre ell',
  tr: 'turkish tur',
  ru: 'russian rus',
  uk: 'ukrainian ukr',
  ar: 'arabic ara',
  he: 'hebrew heb',
  hi: 'hindi hin',
  ja: 'japanese jpn jap',
  ko: 'korean kor',
  zh: 'chinese chi zho',
}

const TAG_BY_WORD: ReadonlyMap<string, string> = new Map(
  Object.entries(LANGUAGES).flatMap(([tag, words]) =>
    [tag, ...words.split(' ')].map(word => [word, tag] as const),
  ),
)

/** The tracks to offer for one video, in the torrent's order; only WebVTT and SubRip, which browsers can show. */
export function subtitleTracks(options: {
  readonly infohash: string
  readonly files: readonly FileView[]
  readonly video: FileView
}): SubtitleTrack[] {
  const { infohash, files, video } = options
  const isOnlyVideo = files.filter(file => file.kind === 'video').length === 1
  const stem = stemOf(video.path)
  const tracks: SubtitleTrack[] = []
  for (const file of files) {
    if (tracks.length === TRACKS_MAX) break
    if (file.kind !== 'subtitle' || !/\.(srt|vtt)$/i.test(file.path)) continue
    const own = stemOf(file.path)
    const isBeside = own === stem || own.startsWith(`${stem}.`)
    if (!isBeside && !isOnlyVideo) continue
    const rest = isBeside ? own.slice(stem.length + 1) : own.slice(own.lastIndexOf('/') + 1)
    const label = rest === '' ? own.slice(own.lastIndexOf('/') + 1) : rest.replaceAll(/[._]/g, ' ')
    tracks.push({
      file: file.index,
      label,
      language: languageOf(rest),
      url: paths.subtitles(infohash, file.index),
    })
  }
  return tracks
}

/** The path without its last extension. */
function stemOf(path: string): string {
  const dot = path.lastIndexOf('.')
  return dot > path.lastIndexOf('/') + 1 ? path.slice(0, dot) : path
}

function languageOf(words: string): string {
  for (const word of words.toLowerCase().split(/[^\p{L}]+/u)) {
    const tag = TAG_BY_WORD.get(word)
    if (tag !== undefined) return tag
  }
  return ''
}
