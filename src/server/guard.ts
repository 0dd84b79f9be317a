// Who may ask. Against DNS rebinding: the `Host` must be an address or a name that nobody else can
// point here. Against other pages in the user's browser: `Origin` and `Sec-Fetch-*`. Beyond loopback: a token.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { HttpProblem } from './problem.ts'

export interface GuardOptions {
  /** Where the server listens, as the user said it. */
  readonly host: string
  readonly port: number
  /** Absent on loopback. */
  readonly token?: string
}

/** 128 bits: out of reach for guessing over a network. */
const TOKEN_SIZE_BYTES = 16

export const makeToken = (): string => randomBytes(TOKEN_SIZE_BYTES).toString('base64url')

/** The path with the token, for a program that keeps no cookies. */
export function withToken(path: string, token: string | undefined): string {
  if (token === undefined) return path
  return `${path}${path.includes('?') ? '&' : '?'}token=${token}`
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

/**
 * Lets a request in.
 *
 * @param url the request's, already parsed.
 * @returns a `Set-Cookie` that keeps the token which came with the page, so that the page's own requests carry it.
 * @throws HttpProblem 401 or 403
 */
export function admit(
  request: IncomingMessage,
  url: URL,
  options: GuardOptions,
): string | undefined {
  const { headers } = request
  if (!isHostOurs(headers.host, options.host))
    throw new HttpProblem(403, 'wrong-host', 'Open torrent-live by the address that it printed.')
  if (isFromAnotherSite(request))
    throw new HttpProblem(403, 'wrong-origin', 'Ask from the page of torrent-live, not another.')
  if (options.token === undefined) return undefined
  return admitByToken(request, url, { port: options.port, token: options.token })
}

function isHostOurs(header: string | undefined, configured: string): boolean {
  if (header === undefined) return false
  const name = header
    .replace(/:\d{1,5}$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  // A rebinding page has a name of its own; an address in `Host` cannot be rebound.
  return name === 'localhost' || name === configured.toLowerCase() || isIP(name) !== 0
}

function isFromAnotherSite({ headers }: IncomingMessage): boolean {
  const { host, origin } = headers
  if (origin !== undefined && origin !== `http://${host}`) return true
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  // A link from elsewhere may open us; nothing else may embed, fetch or post.
  return headers['sec-fetch-dest'] !== 'document'
}

function admitByToken(
  { headers }: IncomingMessage,
  url: URL,
  { port, token }: { readonly port: number; readonly token: string },
): string | undefined {
  // Cookies are shared by the ports of a host; the name keeps two servers apart.
  const cookieName = `torrent_live_${port}`
  const inAddress = url.searchParams.get('token')
  const bearer = /^Bearer (\S{1,128})$/.exec(headers.authorization ?? '')?.[1]
  const cookie = cookieOf(headers.cookie, cookieName)
  if (![inAddress, bearer, cookie].some(given => given != null && isSame(given, token)))
    throw new HttpProblem(
      401,
      'token-needed',
      'Open the whole address that torrent-live printed, with its token.',
    )
  return url.pathname === '/'
    ? `${cookieName}=${token}; Path=/; HttpOnly; SameSite=Strict`
    : undefined
}

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, value] = pair.trim().split('=')
    if (key === name) return value
  }
  return undefined
}

/** Of digests, so that neither length nor content shows in the time. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}
