// Bytes as lower-case hexadecimal: the one form in which ids and infohashes are map keys.

const DIGITS = '0123456789abcdef'
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  DIGITS.charAt(byte >> 4).concat(DIGITS.charAt(byte & 15)),
)

/** `bytes` as lower-case hexadecimal, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index++) text += PAIRS[bytes[index] as number]
  return text
}

/**
 * The bytes that `text` spells.
 *
 * @returns freshly made bytes, or `undefined` where `text` has an odd length or another digit.
 */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  }
  return bytes
}
