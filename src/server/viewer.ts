// Who is watching. A player opens several connections at once (index, picture, a seek before the old one is
// closed); they share one viewer, and with it one window of the picker.
import type { IncomingMessage } from 'node:http'

/** A page names its player itself; anything else is told apart by address, program and file. */
export function viewerOf(request: IncomingMessage, url: URL, file: string): string {
  const named = url.searchParams.get('viewer')
  if (named !== null && /^[\w-]{8,64}$/.test(named)) return `named:${named}`
  const agent = (request.headers['user-agent'] ?? '').slice(0, 200)
  return `${request.socket.remoteAddress ?? ''}|${agent}|${file}`
}
