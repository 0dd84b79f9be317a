// Nothing here yet: an empty screen with the lamp on.
import { link, lostReason } from '../store.ts'
import { AddForm } from './add.tsx'

export const Welcome = () => (
  <section class="welcome" aria-labelledby="welcome-title">
    <div class="beam" aria-hidden="true" />
    <h1 id="welcome-title">Paste a magnet link and watch.</h1>
    <p class="lead">
      The film begins with its first verified pieces and arrives while you look at it.
    </p>
    <AddForm />
    <p class="hint">A .torrent file can be dropped anywhere on this page.</p>
  </section>
)

export const Connecting = () => (
  <section class="welcome">
    <div class="beam" aria-hidden="true" />
    <h1>{link.value === 'lost' ? 'No connection.' : 'One moment.'}</h1>
    {link.value === 'lost' && (
      <p class="lead" role="alert">
        {lostReason.value}
      </p>
    )}
  </section>
)
