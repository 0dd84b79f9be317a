// How a torrent comes in: typed, pasted anywhere, dropped anywhere, or chosen from a folder.
import { signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { isSource, TORRENT_FILE_LIMIT_BYTES, torrentFileSource } from '../source.ts'
import { add, tell } from '../store.ts'
import { Dialog } from './dialog.tsx'
import { PlusIcon } from './icons.tsx'

const isAddOpen = signal(false)

interface AddFormProps {
  readonly isInDialog?: boolean
  readonly onAdded?: () => void
}

export function AddForm({ isInDialog = false, onAdded }: AddFormProps) {
  const text = useSignal('')
  const isBusy = useSignal(false)
  const picker = useRef<HTMLInputElement>(null)
  const refusal = useSignal<string | null>(null)
  const send = async (adding: Promise<string | null>): Promise<void> => {
    isBusy.value = true
    refusal.value = await adding
    isBusy.value = false
    if (refusal.value !== null) return
    text.value = ''
    onAdded?.()
  }
  return (
    <form
      class="add-form"
      onSubmit={event => {
        event.preventDefault()
        if (!isBusy.value) void send(addText(text.value))
      }}
    >
      <input
        type="text"
        class="field"
        autofocus={isInDialog}
        aria-label="Magnet link or infohash"
        placeholder="magnet:?xt=…"
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        value={text.value}
        onInput={event => {
          text.value = event.currentTarget.value
          refusal.value = null
        }}
      />
      <button type="submit" class="button primary" disabled={isBusy.value}>
        {isBusy.value ? 'Adding…' : 'Watch'}
      </button>
      <button type="button" class="quiet choose" onClick={() => picker.current?.click()}>
        or choose a .torrent file
      </button>
      <input
        ref={picker}
        type="file"
        hidden
        multiple
        accept=".torrent,application/x-bittorrent"
        onChange={event => {
          const files = [...(event.currentTarget.files ?? [])]
          event.currentTarget.value = ''
          void send(addFiles(files))
        }}
      />
      <p class="refusal" role="alert">
        {refusal.value}
      </p>
    </form>
  )
}

export function AddDialog() {
  if (!isAddOpen.value) return null
  const close = (): void => {
    isAddOpen.value = false
  }
  return (
    <Dialog title="Add a torrent" onClose={close}>
      <AddForm isInDialog onAdded={close} />
      <p class="hint">Or paste a magnet link or drop a .torrent file anywhere on this page.</p>
    </Dialog>
  )
}

export const AddButton = () => (
  <button
    type="button"
    class="button"
    onClick={() => {
      isAddOpen.value = true
    }}
  >
    <PlusIcon /> Add
  </button>
)

/** @returns why it was not added, or `null`. */
async function addText(text: string): Promise<string | null> {
  const source = text.trim()
  return isSource(source)
    ? add(source)
    : 'That is neither a magnet link nor an infohash of 40 hexadecimal digits.'
}

/** Adds what it can. @returns why the last of the others was not added, or `null`. */
async function addFiles(files: readonly File[]): Promise<string | null> {
  let refusal: string | null = null
  for (const file of files) {
    const answer =
      file.size > TORRENT_FILE_LIMIT_BYTES
        ? `“${file.name}” is too large for a .torrent file.`
        : await add(torrentFileSource(file))
    refusal = answer ?? refusal
  }
  return refusal
}

const tellRefusal = (refusal: string | null): void => {
  if (refusal !== null) tell(refusal)
}

/** The whole page takes what is dropped on it, and what is pasted outside of its fields. */
export function DropVeil() {
  const isOver = useSignal(false)
  useEffect(() => {
    /** Entering a child leaves its parent: only the sum tells whether the pointer is gone. */
    let depth = 0
    const set = (change: number): void => {
      depth = Math.max(0, depth + change)
      isOver.value = depth > 0
    }
    const onEnter = (): void => set(1)
    const onLeave = (): void => set(-1)
    const onOver = (event: DragEvent): void => event.preventDefault()
    const onDrop = (event: DragEvent): void => {
      event.preventDefault()
      set(-depth)
      const files = [...(event.dataTransfer?.files ?? [])]
      const text = event.dataTransfer?.getData('text') ?? ''
      void (files.length > 0 ? addFiles(files) : addText(text)).then(tellRefusal)
      isAddOpen.value = false
    }
    const onPaste = (event: ClipboardEvent): void => {
      const target = event.target
      if (target instanceof HTMLInputElement && !target.readOnly) return
      const text = event.clipboardData?.getData('text') ?? ''
      if (isSource(text)) void addText(text).then(tellRefusal)
    }
    const listeners = [
      ['dragenter', onEnter],
      ['dragleave', onLeave],
      ['dragover', onOver],
      ['drop', onDrop],
      ['paste', onPaste],
    ] as const
    for (const [name, listener] of listeners) {
      document.addEventListener(name, listener as EventListener)
    }
    return () => {
      for (const [name, listener] of listeners) {
        document.removeEventListener(name, listener as EventListener)
      }
    }
  }, [])
  return isOver.value ? <div class="drop-veil">Drop it: it plays in a moment.</div> : null
}
