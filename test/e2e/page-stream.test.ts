// The whole way: a real seeder with a slow line, the command as a user runs it, and its page in a real browser.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TorrentView } from '../../src/api/index.ts'
import { Browser, canLook } from './browser.ts'
import { Command } from './command.ts'
import { FRAMES_PER_SECOND, makeCountedClip, nextFrame } from './counted-clip.ts'
import { LibtorrentSeeder } from './libtorrent-seeder.ts'

const SECONDS = 90
const KILOBITS = 1500
/** Twice what the film needs, a fifth of what it would take to have all of it before the jump. */
const SEEDER_BYTES_PER_SECOND = 400_000

let folder: string
let seeder: LibtorrentSeeder
let browser: Browser

beforeAll(async () => {
  if (!canLook) return
  folder = await mkdtemp(join(tmpdir(), 'torrent-live page stream-'))
  const source = join(folder, 'Counted.Film.2026.mp4')
  await makeCountedClip(source, { seconds: SECONDS, kilobits: KILOBITS })
  seeder = await LibtorrentSeeder.open({
    source,
    torrent: join(folder, 'film.torrent'),
    address: '127.0.82.1',
    bytesPerSecond: SEEDER_BYTES_PER_SECOND,
  })
  browser = await Browser.open()
})

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await seeder?.[Symbol.asyncDispose]()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

/** Waits until the film runs and its clock is past `seconds`. */
const plays = (page: Page, seconds: number): Promise<unknown> =>
  page.waitForFunction(past => {
    const video = document.querySelector('video')
    return video !== null && !video.paused && video.readyState >= 3 && video.currentTime > past
  }, seconds)

describe.skipIf(!canLook)('a film from a slow seeder', () => {
  test('plays while it is fetched, shows the right pictures, and plays on after a jump to 70 %', async () => {
    const home = await mkdtemp(join(folder, 'home '))
    const words = [seeder.magnet, 'films', '--peer', seeder.address, '--no-dht', '--http', '0']
    await using command = new Command({ words: [...words, '--json'], home })
    const { url } = (await command.line('listening')) as unknown as { readonly url: string }
    const page = await browser.page()
    await page.goto(url)
    await plays(page, 1)
    await nextFrame(page)

    const { torrent, pieces } = await shownBy(page, url)
    expect(torrent.verifiedBytes).toBeLessThan(torrent.totalBytes * 0.6)
    expect(pieces).toBeGreaterThan(0)

    await page.keyboard.press('7')
    await plays(page, SECONDS * 0.7 + 1)
    for (let count = 0; count < 5; count += 1) {
      expect(await nextFrame(page)).toBeGreaterThan(SECONDS * 0.7 * FRAMES_PER_SECOND)
    }
    // It jumped over what it does not have: otherwise this would only have tested the disk.
    expect((await shownBy(page, url)).torrent.state).toBe('downloading')
    await page.close()
    expect(browser.complaints).toEqual([])
    expect(browser.strangers).toEqual([])
  })

  test('plays on by itself when the program was killed and is started again', async () => {
    const home = await mkdtemp(join(folder, 'home '))
    const port = `${await freePort()}`
    const words = [seeder.magnet, 'films', '--peer', seeder.address, '--no-dht', '--json']
    await using first = new Command({ words: [...words, '--http', port], home })
    const { url } = (await first.line('listening')) as unknown as { readonly url: string }
    const page = await browser.page()
    await page.goto(url)
    await plays(page, 1)
    first.process.kill('SIGKILL')
    await page.getByRole('alert').filter({ hasText: 'torrent-live does not answer' }).waitFor()
    const far = await page.evaluate(() => {
      const buffered = document.querySelector('video')?.buffered
      return buffered === undefined ? 0 : buffered.end(buffered.length - 1)
    })
    await using second = new Command({ words: [...words, '--http', port], home })
    await second.line('listening')
    await plays(page, far + 1)
    await nextFrame(page)
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await page.close()
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** What the server says of the film, and how many verified pieces the page's map tells of. */
async function shownBy(
  page: Page,
  url: string,
): Promise<{ readonly torrent: TorrentView; readonly pieces: number }> {
  const [torrent] = (await (await fetch(`${url}api/torrents`)).json()) as TorrentView[]
  const label = await page.locator('.piece-map canvas').getAttribute('aria-label')
  return { torrent: torrent!, pieces: Number.parseInt(label ?? '', 10) }
}
