// Which subtitles to show: those of the viewer's language, and for the next episode those of this one.
import type { SubtitleTrack } from '../../../src/api/index.ts'
import type { Memory } from '../storage.ts'

const KEY = 'subtitles'

/** What the viewer chose last, as an index of `tracks`; -1 when nothing was, or it is not here. */
export function rememberedTrack(memory: Memory, tracks: readonly SubtitleTrack[]): number {
  const name = memory.getItem(KEY)
  return tracks.findIndex(track => nameOf(track) === name)
}

/** Notes a choice; -1 means none. */
export function rememberTrack(
  memory: Memory,
  tracks: readonly SubtitleTrack[],
  chosen: number,
): void {
  const track = tracks[chosen]
  if (track === undefined) memory.removeItem(KEY)
  else memory.setItem(KEY, nameOf(track))
}

/**
 * The track after `current` for a viewer who presses a key: from none to the first of `languages`
 * (BCP 47, the dearest first) that is there, then one after the other, then none again.
 */
export function trackAfter(
  tracks: readonly SubtitleTrack[],
  current: number,
  languages: readonly string[],
): number {
  const order = preference(tracks, languages)
  if (current < 0) return order[0] ?? -1
  return order[order.indexOf(current) + 1] ?? -1
}

function preference(tracks: readonly SubtitleTrack[], languages: readonly string[]): number[] {
  const wanted = languages.map(language => language.toLowerCase().split('-')[0])
  const rank = (index: number): number => {
    const at = wanted.indexOf(tracks[index]?.language)
    return at < 0 ? wanted.length : at
  }
  return [...tracks.keys()].sort((one, other) => rank(one) - rank(other))
}

/** Languages are the same from file to file; where the name tells none, the label may be. */
const nameOf = (track: SubtitleTrack): string => `${track.language} ${track.label}`
