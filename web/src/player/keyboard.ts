// From a key pressed anywhere on the page to a command, if the key is not someone else's.
import { signal } from '@preact/signals'
import { memory } from '../storage.ts'
import { type Command, commandFor } from './keys.ts'

const SETTING = 'keys-off'

/** Single letters can be switched off, for those whose speech software types them. WCAG 2.1.4. */
export const areKeysOn = signal(memory.getItem(SETTING) === null)

export function setKeys(isOn: boolean): void {
  areKeysOn.value = isOn
  if (isOn) memory.removeItem(SETTING)
  else memory.setItem(SETTING, '1')
}

const TEXT_FIELDS = 'input:not([type=range], [type=checkbox]), textarea, select'
const PRESSED_BY_SPACE = 'button, a, summary, input[type=checkbox]'

/** Calls `run` for each command until the returned function is called. */
export function listenToKeys(frame: HTMLElement, run: (command: Command) => void): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (!areKeysOn.value || event.defaultPrevented) return
    const command = commandFor(event, placeOf(event, frame))
    if (command === null) return
    event.preventDefault()
    run(command)
  }
  document.addEventListener('keydown', onKey)
  return () => document.removeEventListener('keydown', onKey)
}

function placeOf(event: KeyboardEvent, frame: HTMLElement): Parameters<typeof commandFor>[1] {
  const target = event.target instanceof Element ? event.target : document.body
  if (target.matches(TEXT_FIELDS) || document.querySelector('dialog[open]') !== null) return 'text'
  if (event.key === ' ' && target.closest(PRESSED_BY_SPACE) !== null) return 'button'
  if (target.matches('input[type=range]') && event.key.startsWith('Arrow')) return 'text'
  return frame.contains(target) || document.fullscreenElement === frame ? 'player' : 'page'
}
