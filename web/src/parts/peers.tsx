// Who it comes from. Those who gave most stand first, so that rows do not jump about with every second.
import type { PeerState, PeerView, TorrentView } from '../../../src/api/index.ts'
import { formatBytes, formatPercent, formatSpeed, plural } from '../format.ts'
import { isConnected } from '../status.ts'

const ROWS_MAX = 60

export function Peers({ torrent }: { readonly torrent: TorrentView }) {
  const connected = torrent.peers.filter(isConnected)
  const rows = [...torrent.peers]
    .sort(
      (one, other) =>
        other.downBytes - one.downBytes || one.address.localeCompare(other.address, 'en'),
    )
    .slice(0, ROWS_MAX)
  const fastest = Math.max(1, ...rows.map(peer => peer.downBytesPerSecond))
  return (
    <section class="panel peers" aria-labelledby="peers-title">
      <div class="panel-head">
        <h2 id="peers-title">Peers</h2>
        <span class="panel-note">
          {connected.length} of {torrent.connectionsMax}
          {torrent.peersKnown > 0 && `, ${torrent.peersKnown} more known`}
        </span>
      </div>
      {rows.length === 0 ? (
        <p class="hint">
          {torrent.state === 'done' ? 'Everything is here: none is needed.' : 'None yet.'}
        </p>
      ) : (
        <table>
          <thead class="for-ears">
            <tr>
              <th scope="col">Address</th>
              <th scope="col">State</th>
              <th scope="col">Speed</th>
              <th scope="col">Has</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(peer => (
              <PeerRow key={peer.address} peer={peer} fastest={fastest} />
            ))}
          </tbody>
        </table>
      )}
      {torrent.peers.length > rows.length && (
        <p class="hint">and {plural(torrent.peers.length - rows.length, 'more peer')}</p>
      )}
    </section>
  )
}

const STATES: Readonly<Record<PeerState, string>> = {
  connecting: 'calling',
  connected: 'connected',
  choked: 'makes us wait',
  sending: 'sending',
}

function PeerRow({ peer, fastest }: { readonly peer: PeerView; readonly fastest: number }) {
  return (
    <tr class={`peer ${peer.state}`}>
      <th scope="row">
        <span class="address">{peer.address}</span>
        {peer.downBytes > 0 && <span class="given">gave {formatBytes(peer.downBytes)}</span>}
      </th>
      <td class="peer-state">{STATES[peer.state]}</td>
      <td class="peer-speed">
        {peer.downBytesPerSecond > 0 && formatSpeed(peer.downBytesPerSecond)}
        <span
          class="peer-bar"
          style={{ transform: `scaleX(${peer.downBytesPerSecond / fastest})` }}
        />
      </td>
      <td class="peer-has">{isConnected(peer) ? formatPercent(peer.progress) : ''}</td>
    </tr>
  )
}
