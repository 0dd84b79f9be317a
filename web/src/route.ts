// What the address bar says behind its `#`, so that a reload and the back button find the same film.

export interface Route {
  readonly infohash: string | null
  readonly file: number | null
}

/** `#/<infohash>` or `#/<infohash>/<file index>`; anything else is the start page. */
export function parseRoute(hash: string): Route {
  const match = /^#\/([0-9a-f]{40}|[0-9a-f]{64})(?:\/(\d{1,7}))?$/.exec(hash)
  if (match === null) return { infohash: null, file: null }
  return { infohash: match[1] ?? null, file: match[2] === undefined ? null : Number(match[2]) }
}

export const formatRoute = (route: Route): string =>
  route.infohash === null
    ? '#/'
    : `#/${route.infohash}${route.file === null ? '' : `/${route.file}`}`
