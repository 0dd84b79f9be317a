// What is going on with a torrent, in the words that the page uses. Pure, so that every state has a test.
import type { PeerView, TorrentView } from '../../src/api/index.ts'
import { formatBytes, formatPercent, formatSpeed, formatTimeLeft, plural } from './format.ts'

export interface Wait {
  readonly headline: string
  readonly detail: string
}

export const isConnected = (peer: PeerView): boolean => peer.state !== 'connecting'

/** Why there is no picture yet, or no longer: the truth, as far as the server knows it. */
export function waitOf(torrent: TorrentView): Wait {
  const connected = torrent.peers.filter(isConnected)
  switch (torrent.state) {
    case 'finding-peers':
      return { headline: 'Looking for peers', detail: peersTried(torrent) }
    case 'fetching-metadata':
      return {
        headline: 'Fetching the list of files',
        detail:
          connected.length > 0
            ? `Asking ${plural(connected.length, 'peer')} what is inside.`
            : peersTried(torrent),
      }
    case 'checking':
      return {
        headline: 'Checking what is on the disk',
        detail: `${formatBytes(torrent.verifiedBytes)} are verified so far.`,
      }
    case 'paused':
      return { headline: 'Paused', detail: torrent.problem?.message ?? 'Nothing is fetched now.' }
    case 'failed':
      return { headline: 'Stopped', detail: torrent.problem?.message ?? 'This torrent has failed.' }
    case 'done':
      return { headline: 'Reading', detail: 'Everything is on the disk; the file is being read.' }
    case 'downloading':
      return waitForPiece(torrent, connected)
  }
}

function waitForPiece(torrent: TorrentView, connected: readonly PeerView[]): Wait {
  if (connected.length === 0) return { headline: 'Waiting for peers', detail: peersTried(torrent) }
  const sending = connected.filter(peer => peer.state === 'sending').length
  if (torrent.downBytesPerSecond === 0) {
    return {
      headline: 'Waiting for a turn',
      detail: `${plural(connected.length, 'peer')} connected; none sends anything yet.`,
    }
  }
  const pieceSeconds = torrent.pieceBytes / torrent.downBytesPerSecond
  const slow =
    pieceSeconds > 3
      ? ` A piece of ${formatBytes(torrent.pieceBytes)} takes ${formatTimeLeft(pieceSeconds)}.`
      : ''
  return {
    headline: 'Buffering',
    detail: `${formatSpeed(torrent.downBytesPerSecond)} from ${plural(Math.max(1, sending), 'peer')}.${slow}`,
  }
}

function peersTried(torrent: TorrentView): string {
  const dialled = torrent.peers.length - torrent.peers.filter(isConnected).length
  const known = torrent.peersKnown + dialled
  if (known === 0) return 'Asking the network who has it. The first time takes up to half a minute.'
  return `${plural(known, 'address', 'addresses')} found; none has answered yet.`
}

/** One line under the title: how far it is and how long it takes. */
export function progressLine(torrent: TorrentView): string {
  if (torrent.files.length === 0) return waitOf(torrent).headline
  const wanted = torrent.wantedBytes
  if (wanted === 0) return 'No file is chosen: pick one to fetch it.'
  if (torrent.state === 'done') return `All ${formatBytes(wanted)} verified and on the disk`
  const there = Math.min(wanted, torrent.verifiedBytes)
  const share = `${formatBytes(there)} of ${formatBytes(wanted)}`
  const left = torrent.secondsLeft === null ? '' : ` · ${formatTimeLeft(torrent.secondsLeft)} left`
  return `${share} · ${formatPercent(there / wanted)}${left}`
}

/** Who it comes from: `5 of 8 peers send`. */
export function peerLine(torrent: TorrentView): string {
  const connected = torrent.peers.filter(isConnected).length
  const sending = torrent.peers.filter(peer => peer.state === 'sending').length
  if (connected === 0) return torrent.state === 'done' ? 'No peers needed' : 'No peers connected'
  if (sending === 0) return `${plural(connected, 'peer')} connected`
  return `${sending} of ${plural(connected, 'peer')} sending`
}

/** The next step for the problems that the page knows; the server's sentence says the rest. */
export function nextStep(code: string): string | null {
  return NEXT_STEPS[code] ?? null
}

const NEXT_STEPS: Readonly<Record<string, string>> = {
  'no-peers': 'Try another torrent of the same film, or leave this open: peers come and go.',
  'disk-full': 'Make room, or choose fewer files below; it goes on by itself.',
  'disk-lost': 'Plug the disk in again; it goes on by itself.',
  'store-limit': 'Choose fewer files below, or start with a higher --store-limit.',
}
