// One table of keys: what they do, and what the help says of them.

export type Command =
  | { readonly kind: 'toggle' | 'mute' | 'fullscreen' | 'subtitles' | 'help' }
  | { readonly kind: 'seek-by'; readonly seconds: number }
  | { readonly kind: 'seek-to'; readonly share: number }
  | { readonly kind: 'volume-by'; readonly step: number }
  | { readonly kind: 'rate-by'; readonly step: 1 | -1 }
  | { readonly kind: 'go'; readonly step: 1 | -1 }

const STEP_SECONDS = 5
const LONG_STEP_SECONDS = 10
const VOLUME_STEP = 0.05

interface Key {
  readonly keys: readonly string[]
  /** As the help shows it. */
  readonly label: string
  readonly help: string
  readonly command: Command
  /** Only while the player has the focus or the whole screen: the page scrolls with it otherwise. */
  readonly isPlayerOnly?: true
}

export const keys: readonly Key[] = [
  { keys: [' ', 'k'], label: 'Space  k', help: 'Play or pause', command: { kind: 'toggle' } },
  {
    keys: ['ArrowLeft'],
    label: '←',
    help: `Back ${STEP_SECONDS} seconds`,
    command: { kind: 'seek-by', seconds: -STEP_SECONDS },
  },
  {
    keys: ['ArrowRight'],
    label: '→',
    help: `On ${STEP_SECONDS} seconds`,
    command: { kind: 'seek-by', seconds: STEP_SECONDS },
  },
  {
    keys: ['j'],
    label: 'j',
    help: `Back ${LONG_STEP_SECONDS} seconds`,
    command: { kind: 'seek-by', seconds: -LONG_STEP_SECONDS },
  },
  {
    keys: ['l'],
    label: 'l',
    help: `On ${LONG_STEP_SECONDS} seconds`,
    command: { kind: 'seek-by', seconds: LONG_STEP_SECONDS },
  },
  {
    keys: ['ArrowUp'],
    label: '↑',
    help: 'Louder',
    command: { kind: 'volume-by', step: VOLUME_STEP },
    isPlayerOnly: true,
  },
  {
    keys: ['ArrowDown'],
    label: '↓',
    help: 'Softer',
    command: { kind: 'volume-by', step: -VOLUME_STEP },
    isPlayerOnly: true,
  },
  {
    keys: ['Home'],
    label: 'Home',
    help: 'To the beginning',
    command: { kind: 'seek-to', share: 0 },
    isPlayerOnly: true,
  },
  {
    keys: ['End'],
    label: 'End',
    help: 'To the end',
    command: { kind: 'seek-to', share: 1 },
    isPlayerOnly: true,
  },
  { keys: ['m'], label: 'm', help: 'Sound off or on', command: { kind: 'mute' } },
  { keys: ['f'], label: 'f', help: 'Whole screen', command: { kind: 'fullscreen' } },
  { keys: ['c'], label: 'c', help: 'Subtitles', command: { kind: 'subtitles' } },
  { keys: ['n'], label: 'n', help: 'Next file', command: { kind: 'go', step: 1 } },
  { keys: ['p'], label: 'p', help: 'Previous file', command: { kind: 'go', step: -1 } },
  { keys: ['>'], label: '>', help: 'Faster', command: { kind: 'rate-by', step: 1 } },
  { keys: ['<'], label: '<', help: 'Slower', command: { kind: 'rate-by', step: -1 } },
  { keys: ['?'], label: '?', help: 'This list', command: { kind: 'help' } },
]

export const DIGITS_HELP = { label: '0 – 9', help: 'To that tenth of the film' } as const

/** What of a `KeyboardEvent` counts. */
export interface Press {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
}

/**
 * @param place where the focus is: `text` takes every key itself, a `button` takes the space bar, the
 *   `player` gets the keys that scroll elsewhere.
 */
export function commandFor(
  press: Press,
  place: 'text' | 'button' | 'player' | 'page',
): Command | null {
  if (place === 'text' || press.ctrlKey || press.metaKey || press.altKey) return null
  if (place === 'button' && press.key === ' ') return null
  if (/^[0-9]$/.test(press.key)) return { kind: 'seek-to', share: Number(press.key) / 10 }
  const name = press.key.length === 1 ? press.key.toLowerCase() : press.key
  const found = keys.find(key => key.keys.includes(name))
  if (found === undefined || (found.isPlayerOnly === true && place !== 'player')) return null
  return found.command
}
