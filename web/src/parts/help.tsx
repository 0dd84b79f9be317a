// The keys, as the table of keys knows them.
import { signal } from '@preact/signals'
import { areKeysOn, setKeys } from '../player/keyboard.ts'
import { DIGITS_HELP, keys } from '../player/keys.ts'
import { Dialog } from './dialog.tsx'

export const isHelpOpen = signal(false)

export function Help() {
  if (!isHelpOpen.value) return null
  return (
    <Dialog
      title="Keys"
      onClose={() => {
        isHelpOpen.value = false
      }}
    >
      <dl class="keys">
        {[...keys, DIGITS_HELP].map(key => (
          <div key={key.label}>
            <dt>
              {key.label.split('  ').map(cap => (
                <kbd key={cap}>{cap}</kbd>
              ))}
            </dt>
            <dd>{key.help}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">By touch: twice on the left or right of the picture jumps ten seconds.</p>
      <label class="check">
        <input
          type="checkbox"
          checked={areKeysOn.value}
          onChange={event => setKeys(event.currentTarget.checked)}
        />
        <span>Use these keys</span>
      </label>
    </Dialog>
  )
}
