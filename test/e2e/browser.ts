// Debian's Chromium without a window, each time with a profile of its own that is thrown away.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

export const CHROMIUM = '/usr/bin/chromium'

const hasPrograms = existsSync(CHROMIUM) && existsSync('/usr/bin/ffmpeg')

/**
 * Tests that look at films are left out where there is no browser or nothing to make a film with; but
 * where `CI` is set a missing program is a failure and not a skip.
 */
export const canLook = hasPrograms || process.env.CI !== undefined

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
]

/** Whether an address is this machine's: loopback, or one of its network's. */
const isOwn = (hostname: string): boolean =>
  Object.values(networkInterfaces()).some(addresses =>
    addresses?.some(({ address }) => address === hostname.replace(/^\[|\]$/g, '')),
  )

export interface PageOptions {
  readonly width?: number
  readonly height?: number
  readonly isTouch?: boolean
  readonly scheme?: 'light' | 'dark'
}

export class Browser implements AsyncDisposable {
  /** Whatever went wrong in any page, in words: empty at the end of a good test. */
  readonly complaints: string[] = []
  /** Every address asked for beyond the machine itself: stays empty. */
  readonly strangers: string[] = []
  readonly #context: BrowserContext
  readonly #profile: string

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context
    this.#profile = profile
  }

  static async open(): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'torrent-live-browser-'))
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      args: FLAGS,
      ignoreDefaultArgs: ['--headless'],
      viewport: null,
    })
    return new Browser(context, profile)
  }

  async page(options: PageOptions = {}): Promise<Page> {
    const page = await this.#context.newPage()
    const session = await this.#context.newCDPSession(page)
    await session.send('Emulation.setDeviceMetricsOverride', {
      width: options.width ?? 1440,
      height: options.height ?? 900,
      deviceScaleFactor: options.isTouch ? 2 : 1,
      mobile: options.isTouch ?? false,
    })
    if (options.isTouch) await session.send('Emulation.setTouchEmulationEnabled', { enabled: true })
    await page.emulateMedia({ colorScheme: options.scheme ?? 'dark' })
    page.on('pageerror', error => this.complaints.push(`${error}`))
    page.on('console', message => {
      const text = message.text()
      // Said of every server without HTTPS that is not on loopback, and of no consequence there.
      const isUsual = text.startsWith('The Cross-Origin-Opener-Policy header has been ignored')
      if (message.type() === 'error' && !isUsual) this.complaints.push(text)
    })
    page.on('request', request => {
      const { hostname, protocol } = new URL(request.url())
      if (protocol.startsWith('http') && !isOwn(hostname)) this.strangers.push(request.url())
    })
    return page
  }

  /** A short touch at a point of the window, in CSS pixels. */
  async touch(page: Page, x: number, y: number): Promise<void> {
    const session = await this.#context.newCDPSession(page)
    const touchPoints = [{ x, y }]
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints })
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    await session.detach()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close()
    await rm(this.#profile, { recursive: true, force: true })
  }
}
