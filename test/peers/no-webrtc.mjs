// webtorrent loads a WebRTC binary that comes from outside of the registry and is of no use here: with
// `node --import` of this file, the module that wants it finds classes that do nothing.
import { registerHooks } from 'node:module'

const EMPTY = `data:text/javascript,${encodeURIComponent(
  [
    'class None {}',
    'export { None as RTCPeerConnection, None as RTCSessionDescription, None as RTCIceCandidate }',
    'export default { RTCPeerConnection: None, RTCSessionDescription: None, RTCIceCandidate: None }',
  ].join('\n'),
)}`

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('webrtc-polyfill')
      ? { url: EMPTY, shortCircuit: true }
      : next(specifier, context),
})
