// Nothing here yet: an empty screen with the lamp on.
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

export const Connecting = ({ isLost }: { readonly isLost: boolean }) => (
  <section class="welcome">
    <div class="beam" aria-hidden="true" />
    <h1>{isLost ? 'torrent-live does not answer.' : 'One moment.'}</h1>
    {isLost && (
      <p class="lead" role="alert">
        Start it again: this page comes back by itself.
      </p>
    )}
  </section>
)
