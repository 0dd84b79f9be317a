// Subtitles as WebVTT, the only kind that browsers show. SubRip differs in its head and its decimal commas.

/** Longer than any subtitle file; an hour of dialogue is 60 KiB. */
export const SUBTITLES_MAX_BYTES = 4 * 1024 * 1024

const TIME = /(\d{1,3}:\d{2}:\d{2})[,.](\d{1,3})/g

/**
 * @param bytes of a .srt or .vtt file: UTF-8, UTF-16 with its mark, or else read as Windows-1252.
 * @returns WebVTT; cues are kept as they are, players ignore the tags that they do not know.
 */
export function toWebVtt(bytes: Uint8Array): string {
  const text = decode(bytes).replaceAll('\r\n', '\n').replaceAll('\r', '\n').trimStart()
  if (text.startsWith('WEBVTT')) return text
  const lines = text.split('\n').map(line => (line.includes('-->') ? timing(line) : line))
  return `WEBVTT\n\n${lines.join('\n')}`
}

/** `00:01:02,345` to `00:01:02.345`; what follows the times (positions of other formats) is dropped. */
function timing(line: string): string {
  const times = [...line.matchAll(TIME)].map(
    ([, clock = '', fraction = '']) => `${clock.padStart(8, '0')}.${fraction.padEnd(3, '0')}`,
  )
  return times.length === 2 ? times.join(' --> ') : line
}

function decode(bytes: Uint8Array): string {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Old files have the code page of their maker; this one is the most common and decodes any byte.
    return new TextDecoder('windows-1252').decode(bytes)
  }
}
