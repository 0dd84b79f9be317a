// Choosing files by patterns, as a shell would: `*` within a name, `**` across folders, `?` one character.
import type { Layout } from '../core/storage/index.ts'

/**
 * The indexes of files that a number or a pattern names. A pattern without `/` is tried on names alone;
 * case does not matter.
 */
export function chooseFiles(layout: Layout, wishes: readonly (number | string)[]): number[] {
  const chosen = new Set<number>()
  const patterns = wishes.filter(wish => typeof wish === 'string').map(patternOf)
  for (const wish of wishes) if (typeof wish === 'number' && layout.files[wish]) chosen.add(wish)
  for (const [index, { path, isPadding }] of layout.files.entries()) {
    if (!isPadding && patterns.some(matches => matches(path))) chosen.add(index)
  }
  return [...chosen].sort((a, b) => a - b)
}

function patternOf(glob: string): (path: string) => boolean {
  const source = glob.replaceAll(/\*\*\/?|[*?]|[^*?]+/g, part => {
    if (part.startsWith('**')) return '.*'
    if (part === '*') return '[^/]*'
    return part === '?' ? '[^/]' : part.replaceAll(/[\\^$.|+()[\]{}]/g, '\\$&')
  })
  const pattern = new RegExp(`^${source}$`, 'iu')
  const isForNames = !glob.includes('/')
  return path => pattern.test(isForNames ? path.slice(path.lastIndexOf('/') + 1) : path)
}
