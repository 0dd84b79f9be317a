// A clip whose every frame carries its number: sixteen blocks along the lower edge, white for 1 and
// black for 0, the highest bit first. Above them noise, so that it weighs as much as a film does.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Page } from 'playwright-core'

const WIDTH = 320
const HEIGHT = 180
const BITS = 16
const STRIP = 40
export const FRAMES_PER_SECOND = 25

/** Makes `path` (MP4, H.264 and AAC, its index at the end as most clips have it). */
export async function makeCountedClip(
  path: string,
  options: { readonly seconds: number; readonly kilobits: number },
): Promise<void> {
  const rate = `${options.kilobits}k`
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${WIDTH}x${HEIGHT}`],
      ...['-r', `${FRAMES_PER_SECOND}`, '-i', '-', '-f', 'lavfi'],
      ...['-i', `sine=frequency=220:duration=${options.seconds}`],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-g', `${FRAMES_PER_SECOND}`],
      ...['-b:v', rate, '-maxrate', rate, '-bufsize', rate, '-pix_fmt', 'yuv420p'],
      ...['-c:a', 'aac', '-b:a', '48k', '-shortest', path],
    ],
    { stdio: ['pipe', 'inherit', 'inherit'] },
  )
  const ended = once(ffmpeg, 'exit')
  const noise = noiseFrame()
  for (let frame = 0; frame < options.seconds * FRAMES_PER_SECOND; frame += 1) {
    if (!ffmpeg.stdin.write(drawFrame(noise, frame))) await once(ffmpeg.stdin, 'drain')
  }
  ffmpeg.stdin.end()
  const [code] = await ended
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`)
}

function noiseFrame(): Uint8Array {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 2)
  let state = 0x2545f491
  for (let at = 0; at < pixels.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    pixels[at] = 90 + (state >>> 26)
  }
  return pixels
}

/** The noise moves by a prime, so that no frame can be told from the one before. */
function drawFrame(noise: Uint8Array, frame: number): Uint8Array {
  const shift = (frame * 7919) % (WIDTH * HEIGHT)
  const pixels = noise.slice(shift, shift + WIDTH * HEIGHT)
  for (let bit = 0; bit < BITS; bit += 1) {
    const value = ((frame >> (BITS - 1 - bit)) & 1) === 1 ? 235 : 16
    const left = (bit * WIDTH) / BITS
    for (let row = HEIGHT - STRIP; row < HEIGHT; row += 1) {
      pixels.fill(value, row * WIDTH + left, row * WIDTH + left + WIDTH / BITS)
    }
  }
  return pixels
}

/**
 * Reads the number of the next picture that the page's video shows.
 *
 * @throws Error when it is another than the browser's clock says: none before the picture that it has
 *   just told of, and none after the moment that the copy was made at.
 */
export async function nextFrame(page: Page): Promise<number> {
  const { counted, first, last } = await readFrame(page)
  if (counted >= first && counted <= last) return counted
  throw new Error(`Frame ${counted} was shown where ${first} to ${last} belong.`)
}

interface ReadFrame {
  readonly counted: number
  readonly first: number
  readonly last: number
}

function readFrame(page: Page): Promise<ReadFrame> {
  return page.evaluate(
    ({ bits, height, strip, rate }) =>
      new Promise<ReadFrame>(resolve => {
        const video = document.querySelector('video')
        if (video === null) throw new Error('The page has no video.')
        video.requestVideoFrameCallback((_now, { mediaTime }) => {
          const canvas = document.createElement('canvas')
          canvas.width = video.videoWidth
          canvas.height = video.videoHeight
          const context = canvas.getContext('2d')
          if (context === null) throw new Error('No canvas.')
          context.drawImage(video, 0, 0)
          const last = Math.floor(video.currentTime * rate) + 1
          let counted = 0
          for (let bit = 0; bit < bits; bit += 1) {
            const x = ((bit + 0.5) * canvas.width) / bits
            const y = canvas.height - strip / 2
            const [red = 0] = context.getImageData(Math.floor(x), Math.min(y, height), 1, 1).data
            counted = counted * 2 + (red > 128 ? 1 : 0)
          }
          resolve({ counted, first: Math.round(mediaTime * rate), last })
        })
      }),
    { bits: BITS, height: HEIGHT, strip: STRIP, rate: FRAMES_PER_SECOND },
  )
}
