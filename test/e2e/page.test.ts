// The page in a real browser, over the real server; what it streams lies in memory, so that each state can be had.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openServer, type RunningServer } from '../../src/server/index.ts'
import { MemoryClient, type MemoryFile, MemoryTorrent } from '../support/memory-client.ts'
import { Browser, canLook, type PageOptions } from './browser.ts'
import { FRAMES_PER_SECOND, makeCountedClip, nextFrame } from './counted-clip.ts'

const INFOHASH = 'c9e15763f722f23e98a29decdfae341b98d53056'
const SECONDS = 40
const PAGE_DIRECTORY = join(import.meta.dirname, '../../dist/web')

let folder: string
let clip: Uint8Array
let browser: Browser

beforeAll(async () => {
  if (!canLook) return
  folder = await mkdtemp(join(tmpdir(), 'torrent-live-page-'))
  await makeCountedClip(join(folder, 'clip.mp4'), { seconds: SECONDS, kilobits: 400 })
  clip = await readFile(join(folder, 'clip.mp4'))
  browser = await Browser.open()
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

interface Opened extends AsyncDisposable {
  readonly page: Page
  readonly torrent: MemoryTorrent
  readonly client: MemoryClient
  readonly server: RunningServer
}

interface OpenOptions extends PageOptions {
  /** Where the server listens; beyond loopback its address carries a token. */
  readonly host?: string
}

async function open(files: readonly MemoryFile[], options: OpenOptions = {}): Promise<Opened> {
  const torrent = new MemoryTorrent({ infohash: INFOHASH, files })
  const client = new MemoryClient(...(files.length > 0 ? [torrent] : []))
  const server = await openServer({
    client,
    host: options.host ?? '127.0.0.1',
    port: 0,
    isPortFixed: false,
    pageDirectory: PAGE_DIRECTORY,
  })
  const page = await browser.page(options)
  await page.goto(server.url)
  return {
    page,
    torrent,
    client,
    server,
    async [Symbol.asyncDispose]() {
      await page.close()
      await server.close()
    },
  }
}

const film = (path = 'Counted.Film.2026.1080p.mp4'): MemoryFile => ({ path, bytes: clip })

/** One red pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==',
  'base64',
)

/** A WAV file without a sound: 8,000 samples a second of 8 bits. */
function silence(seconds: number): Uint8Array {
  const samples = 8000 * seconds
  const file = Buffer.alloc(44 + samples, 128)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + samples, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(8000, 24)
  file.writeUInt32LE(8000, 28)
  file.writeUInt16LE(1, 32)
  file.writeUInt16LE(8, 34)
  file.write('data', 36)
  file.writeUInt32LE(samples, 40)
  return file
}

const secondsOf = (page: Page): Promise<number> =>
  page.evaluate(() => document.querySelector('video')?.currentTime ?? -1)

const plays = (page: Page, from: number): Promise<unknown> =>
  page.waitForFunction(seconds => {
    const video = document.querySelector('video')
    return video !== null && !video.paused && video.currentTime > seconds
  }, from)

const press = (page: Page, key: string): Promise<void> => page.keyboard.press(key)

/** The browser complains of every answer that is an error, also of those that a test asks for. */
const withoutRefusals = (complaints: readonly string[]): string[] =>
  complaints.filter(text => !/ERR_|status of 4\d\d/.test(text))

describe.skipIf(!canLook)('the page', () => {
  test('plays by itself, and the picture is the one that its clock says', async () => {
    await using opened = await open([film()])
    const { page } = opened
    await plays(page, 1)
    for (let count = 0; count < 5; count += 1) await nextFrame(page)
    expect(await page.title()).toBe('Counted Film · torrent-live')
  })

  test('after a jump to 70 % it plays on from there', async () => {
    await using opened = await open([film()])
    const { page } = opened
    await plays(page, 0.2)
    await press(page, '7')
    await plays(page, SECONDS * 0.7 + 0.5)
    const frame = await nextFrame(page)
    expect(frame).toBeGreaterThan(SECONDS * 0.7 * FRAMES_PER_SECOND)
    expect(frame).toBeLessThan((SECONDS * 0.7 + 8) * FRAMES_PER_SECOND)
  })

  test('obeys the keyboard', async () => {
    await using opened = await open([film('1.mp4'), film('2.mp4')])
    const { page } = opened
    const video = page.locator('video')
    await plays(page, 0.2)
    await press(page, 'k')
    expect(await video.evaluate((element: HTMLVideoElement) => element.paused)).toBe(true)
    await press(page, '5')
    expect(await secondsOf(page)).toBeCloseTo(SECONDS / 2, 0)
    await press(page, 'j')
    expect(await secondsOf(page)).toBeCloseTo(SECONDS / 2 - 10, 0)
    await press(page, 'ArrowRight')
    expect(await secondsOf(page)).toBeCloseTo(SECONDS / 2 - 5, 0)
    const isMuted = await video.evaluate((element: HTMLVideoElement) => element.muted)
    await press(page, 'm')
    expect(await video.evaluate((element: HTMLVideoElement) => element.muted)).toBe(!isMuted)
    await press(page, '>')
    expect(await video.evaluate((element: HTMLVideoElement) => element.playbackRate)).toBe(1.25)
    await press(page, '?')
    expect(await page.locator('dialog[open]').textContent()).toContain('Play or pause')
    await press(page, 'Escape')
    await press(page, 'n')
    await page.waitForURL(/#\/[0-9a-f]{40}\/1$/)
    await press(page, 'f')
    await page.waitForFunction(() => document.fullscreenElement?.classList.contains('frame'))
  })

  test('goes on where it was left, and the next file follows by itself', async () => {
    await using opened = await open([film('1.mp4'), film('2.mp4')])
    const { page } = opened
    await plays(page, 0.2)
    await press(page, '4')
    await plays(page, SECONDS * 0.4 + 0.3)
    await page.reload()
    await plays(page, SECONDS * 0.4)
    await press(page, '9')
    await plays(page, SECONDS * 0.9)
    await page.evaluate(() => {
      const video = document.querySelector('video')
      if (video !== null) video.currentTime = video.duration - 0.3
    })
    await page.getByRole('button', { name: 'Play now' }).click()
    await page.waitForURL(/#\/[0-9a-f]{40}\/1$/)
    await plays(page, 0.2)
  })

  test('says what it waits for, and plays when the bytes come', async () => {
    await using opened = await open([])
    const { page, client } = opened
    const torrent = new MemoryTorrent({ infohash: INFOHASH, files: [film()] })
    torrent.isHeld = true
    torrent.change({ peersKnown: 12, state: 'downloading' })
    client.torrents.push(torrent)
    await page.reload()
    const headline = page.locator('.waiting-headline')
    await headline.filter({ hasText: 'Waiting for peers' }).waitFor()
    expect(await page.locator('.waiting-detail').textContent()).toBe(
      '12 addresses found; none has answered yet.',
    )
    torrent.release()
    await plays(page, 0.2)
  })

  test('hands over a film that no browser plays', async () => {
    await using opened = await open([{ path: 'Old.Film.avi', bytes: new Uint8Array(100_000) }])
    const { page, server } = opened
    await page.getByRole('heading', { name: 'This browser cannot play this .avi film' }).waitFor()
    expect(await page.getByLabel('Address of the stream').inputValue()).toBe(
      `${server.url}stream/${INFOHASH}/0/Old.Film.avi`,
    )
    const playlist = page.getByRole('link', { name: 'Playlist for a player' })
    expect(await playlist.getAttribute('href')).toBe(`${server.url}playlist/${INFOHASH}.m3u8`)
  })

  test('behind a token plays, and gives the token to players outside only', async () => {
    await using opened = await open([film(), { path: 'x.avi', bytes: clip }], { host: '0.0.0.0' })
    const { page, server } = opened
    await plays(page, 0.2)
    await page.getByRole('button', { name: 'x.avi' }).click()
    const field = page.getByLabel('Address of the stream')
    const { origin, searchParams } = new URL(server.url)
    const token = searchParams.get('token') ?? ''
    expect(await field.inputValue()).toBe(`${origin}/stream/${INFOHASH}/1/x.avi?token=${token}`)
  })

  test('hands over a film that only claims to be one', async () => {
    await using opened = await open([{ path: 'Broken.mp4', bytes: new Uint8Array(100_000) }])
    await opened.page
      .getByRole('heading', { name: 'This browser cannot play this .mp4 film' })
      .waitFor()
  })

  test('plays Matroska, and says that a sound of AC-3 does not reach the browser', async () => {
    const words = [
      '-v',
      'error',
      '-y',
      '-i',
      join(folder, 'clip.mp4'),
      '-c:v',
      'copy',
      '-c:a',
      'ac3',
    ]
    await promisify(execFile)('ffmpeg', [...words, join(folder, 'film.mkv')])
    await using opened = await open([
      { path: 'Film.mkv', bytes: await readFile(join(folder, 'film.mkv')) },
    ])
    const { page } = opened
    await plays(page, 0.2)
    await nextFrame(page)
    await page.getByText('No sound reaches the browser').waitFor()
    await page.getByRole('button', { name: 'Close this note' }).click()
    await expect.poll(() => page.locator('.note').count()).toBe(0)
  })

  test('shows subtitles on demand, as words and nothing else', async () => {
    const words = '1\n00:00:00,000 --> 00:10:00,000\n<i>Hello</i> <img src=x>there\n'
    const subtitles = { path: 'Film.en.srt', bytes: new TextEncoder().encode(words) }
    await using opened = await open([film('Film.mp4'), subtitles])
    const { page } = opened
    await plays(page, 0.2)
    expect(await page.locator('.subtitles').count()).toBe(0)
    await press(page, 'c')
    await page.locator('.subtitles').filter({ hasText: 'Hello there' }).waitFor()
    expect(await page.locator('.subtitles img').count()).toBe(0)
    await press(page, 'c')
    await expect.poll(() => page.locator('.subtitles').count()).toBe(0)
  })

  test('by touch shows its controls, and jumps at two touches', async () => {
    await using opened = await open([film()], { width: 360, height: 740, isTouch: true })
    const { page } = opened
    await plays(page, 0.2)
    const frame = page.locator('.frame')
    await page.waitForFunction(() => document.querySelector('.frame.idle') !== null)
    await browser.touch(page, 330, 120)
    await expect.poll(() => frame.getAttribute('class')).toBe('frame')
    await page.waitForFunction(() => document.querySelector('.frame.idle') !== null)
    const before = await secondsOf(page)
    await browser.touch(page, 330, 120)
    await browser.touch(page, 330, 120)
    await plays(page, before + 10)
    const bar = await page.getByRole('slider', { name: 'Position' }).boundingBox()
    await browser.touch(page, bar!.x + 5, bar!.y + bar!.height / 2)
    await page.waitForFunction(() => (document.querySelector('video')?.currentTime ?? 99) < 5)
  })

  test('plays an album from song to song, with its cover', async () => {
    const cover = { path: 'Album/cover.png', bytes: PIXEL }
    const songs = ['Album/1 One.wav', 'Album/2 Two.wav'].map(path => ({ path, bytes: silence(1) }))
    await using opened = await open([cover, ...songs])
    const { page } = opened
    await page.waitForURL(/#\/[0-9a-f]{40}\/2$/)
    await page.locator('.record-title').filter({ hasText: '2 Two' }).waitFor()
    expect(await page.locator('.record img').getAttribute('src')).toContain('cover.png')
    await page.getByRole('button', { name: 'cover.png' }).click()
    await page.locator('img.picture').waitFor()
  })

  test('shows a hostile name as the letters that it is', async () => {
    const path = '<img src=x onerror="document.title=1">/<b>x<b>.mp4'
    await using opened = await open([{ path, bytes: clip }, film()])
    const { page } = opened
    await page.getByText('<b>x<b>.mp4').waitFor()
    expect(await page.locator('main img, main b').count()).toBe(0)
  })

  test('takes a pasted magnet link, and says so when it is none', async () => {
    await using opened = await open([])
    const { page, client } = opened
    await page.getByRole('heading', { name: 'Paste a magnet link and watch.' }).waitFor()
    const field = page.getByLabel('Magnet link or infohash')
    await field.fill('hello')
    await press(page, 'Enter')
    await page.getByText('neither a magnet link nor an infohash').waitFor()
    const torrent = new MemoryTorrent({ infohash: INFOHASH, files: [film()] })
    client.add = async source => {
      client.torrents.push(torrent)
      client.added.push(source)
      return torrent
    }
    await field.fill(`magnet:?xt=urn:btih:${INFOHASH}`)
    await press(page, 'Enter')
    await plays(page, 0.2)
    expect(client.added).toEqual([`magnet:?xt=urn:btih:${INFOHASH}`])
  })

  test('chooses files, and asks before it removes', async () => {
    await using opened = await open([film('1.mp4'), film('2.mp4')])
    const { page, torrent } = opened
    await page.getByLabel('Fetch 2.mp4').uncheck()
    await expect.poll(() => torrent.selected).toEqual([[0]])
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByLabel('Delete its files too').check()
    expect(torrent.removed).toBeUndefined()
    await page.getByRole('button', { name: 'Remove and delete' }).click()
    await expect.poll(() => torrent.removed).toEqual({ deleteFiles: true })
    await page.getByRole('heading', { name: 'Paste a magnet link and watch.' }).waitFor()
  })

  test('opens a long list of files in steps, and finds one by its name', async () => {
    const files = Array.from({ length: 250 }, (_, index) => ({
      path: `Box/track ${index}.wav`,
      bytes: silence(1),
    }))
    await using opened = await open(files)
    const { page } = opened
    const rows = page.locator('.files .row')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(100)
    await page.getByRole('button', { name: 'Show more of 150 files' }).click()
    await expect.poll(() => rows.count()).toBe(200)
    await page.getByLabel('Search the files').fill('track 249')
    await expect.poll(() => rows.count()).toBe(1)
  })

  test('sends a chosen .torrent file byte for byte', async () => {
    await using opened = await open([])
    const { page, client } = opened
    await page.getByRole('heading', { name: 'Paste a magnet link and watch.' }).waitFor()
    const bytes = Buffer.from(Uint8Array.from({ length: 300 }, (_, index) => (index * 7) & 255))
    await page.locator('input[type=file]').setInputFiles({
      name: 'film.torrent',
      mimeType: 'application/x-bittorrent',
      buffer: bytes,
    })
    await expect.poll(() => client.added.length).toBe(1)
    expect(Buffer.from(client.added[0] as Uint8Array).equals(bytes)).toBe(true)
    await page.getByRole('alert').filter({ hasText: 'Give a magnet link.' }).waitFor()
  })

  test('refuses a .torrent file that is none by its size alone', async () => {
    await using opened = await open([])
    const { page, client } = opened
    await page.getByRole('heading', { name: 'Paste a magnet link and watch.' }).waitFor()
    const huge = join(folder, 'huge.torrent')
    await writeFile(huge, '')
    await truncate(huge, 32 * 1024 * 1024 + 1)
    await page.locator('input[type=file]').setInputFiles(huge)
    await page.getByText('“huge.torrent” is too large for a .torrent file.').waitFor()
    expect(client.added).toEqual([])
  })

  test('tells a problem with its next step, and notices a server that went away', async () => {
    await using opened = await open([film()])
    const { page, torrent, server } = opened
    await plays(page, 0.1)
    torrent.change({
      problem: { code: 'disk-full', message: 'The disk is full.', isFatal: false },
    })
    torrent.emit({ type: 'problem', code: 'disk-full', message: '', isFatal: false })
    const problem = page.getByRole('alert')
    await problem.filter({ hasText: 'The disk is full. Make room' }).waitFor()
    await server.close()
    await problem.filter({ hasText: 'torrent-live does not answer' }).waitFor()
  })
})

const shapes: readonly (readonly [string, PageOptions])[] = [
  ['a phone in the dark', { width: 360, height: 740, isTouch: true, scheme: 'dark' }],
  ['a phone by day', { width: 360, height: 740, isTouch: true, scheme: 'light' }],
  ['a desk by day', { width: 1440, height: 900, scheme: 'light' }],
  ['a wall in the dark', { width: 3840, height: 2160, scheme: 'dark' }],
]

describe.skipIf(!canLook).each(shapes)('on %s the page', (_name, options) => {
  const states: readonly (readonly [string, () => readonly MemoryFile[]])[] = [
    ['a film', () => [film(), { path: 'a-name-without-a-single-break'.repeat(9), bytes: clip }]],
    ['a film for another player', () => [{ path: 'x.avi', bytes: clip }]],
    ['nothing', () => []],
  ]
  test.each(states)(
    'with %s never scrolls sideways and has no axe violation',
    async (_of, files) => {
      await using opened = await open(files(), options)
      const { page } = opened
      await page.locator('h1').waitFor()
      await page.evaluate(() => document.querySelector('video')?.pause())
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect(overflow).toBe(0)
      const { violations, passes } = await new AxeBuilder({ page }).analyze()
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
      expect(passes.length).toBeGreaterThan(10)
    },
  )
})

test.skipIf(!canLook)('no page asked any other machine, broke its policy or threw', () => {
  expect(browser.strangers).toEqual([])
  expect(withoutRefusals(browser.complaints)).toEqual([])
})
