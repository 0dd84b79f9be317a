// The two headers that a DLNA renderer asks for before it plays. @see DLNA Guidelines, 7.4.1.3.11 and 7.4.49
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import type { MediaKind } from '../api/index.ts'
import { HttpProblem } from './problem.ts'

/** OP=01: ranges by bytes. CI=0: as it is in the torrent. FLAGS: streaming, background, connection may stall, DLNA 1.5. */
const STREAM_FEATURES =
  'DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=01700000000000000000000000000000'
/** FLAGS: interactive, background, connection may stall, DLNA 1.5. */
const IMAGE_FEATURES =
  'DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=00f00000000000000000000000000000'

/** Nothing unless asked: other players need not know.
 * @throws HttpProblem 406 for a mode that is not the file's. */
export function dlnaHeaders(asked: IncomingHttpHeaders, kind: MediaKind): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  const ownMode = kind === 'video' || kind === 'audio' ? 'Streaming' : 'Interactive'
  const mode = asked['transfermode.dlna.org']
  if (mode !== undefined) {
    const known = [ownMode, 'Background'].find(
      one => one.toLowerCase() === String(mode).toLowerCase(),
    )
    if (known === undefined)
      throw new HttpProblem(406, 'transfer-mode', `Ask for transferMode.dlna.org: ${ownMode}.`)
    headers['transferMode.dlna.org'] = known
  }
  if (asked['getcontentfeatures.dlna.org'] === '1') {
    headers['transferMode.dlna.org'] ??= ownMode
    headers['contentFeatures.dlna.org'] = kind === 'image' ? IMAGE_FEATURES : STREAM_FEATURES
  }
  return headers
}
