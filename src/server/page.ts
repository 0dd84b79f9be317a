// The page as built into `dist/web`: read once, kept in memory, served under a strict policy.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

export interface PageFile {
  readonly body: Buffer<ArrayBuffer>
  readonly etag: string
  readonly headers: Readonly<Record<string, string>>
}

/** The built page has a dozen files; more means that the directory is not ours. */
const PAGE_FILES_MAX = 500

const MIME: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const COMMON_HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** @returns the files by path (`/`, `/assets/app-1a2b.js`); empty when the page was not built. */
export async function loadPage(directory: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>()
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    },
  )
  for (const entry of entries) {
    if (!entry.isFile() || files.size >= PAGE_FILES_MAX) continue
    const whole = join(entry.parentPath, entry.name)
    const path = whole.slice(directory.length).split(sep).join('/')
    files.set(path === '/index.html' ? '/' : path, await loadFile(whole, path))
  }
  return files
}

async function loadFile(whole: string, path: string): Promise<PageFile> {
  const body = await readFile(whole)
  // Vite puts a digest into the names below `assets`, so they never change; the rest is asked for again.
  const cacheControl = path.startsWith('/assets/')
    ? 'public, max-age=31536000, immutable'
    : 'no-cache'
  return {
    body,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    headers: {
      ...COMMON_HEADERS,
      'cache-control': cacheControl,
      'content-type': MIME[extname(path)] ?? 'application/octet-stream',
    },
  }
}
