import { expect, test } from 'vitest'
import type { Command } from '../core/client/index.ts'
import type { RequestId } from '../core/world/index.ts'
import type { TorrentEvent } from './client-types.ts'
import { TorrentHandle } from './torrent-handle.ts'

function begin() {
  const steps: Command[] = []
  const handle = new TorrentHandle(
    1,
    { infohash: new Uint8Array(20) },
    {
      step: command => void steps.push(command),
      status: () => undefined,
      pieces: () => undefined,
      newRequest: () => 1 as RequestId,
      viewerOf: () => 1,
    },
  )
  const events: TorrentEvent[] = []
  handle.onEvent(event => void events.push(event))
  return { handle, steps, events }
}

test('a torrent that is given up stays in sight with its reason, and keeps its files', async () => {
  const { handle, steps, events } = begin()
  const waiting = expect(handle.metadata).rejects.toThrow('Give another directory.')
  handle.fail({ code: 'bad-source', message: 'Give another directory.' })
  handle.hear({ kind: 'removed', swarm: 1 })
  await waiting
  expect(steps).toEqual([{ kind: 'remove', swarm: 1, deleteFiles: false }])
  const problem = { code: 'bad-source', message: 'Give another directory.', isFatal: true }
  expect(events).toEqual([{ type: 'problem', ...problem }])
  expect(handle.view()).toMatchObject({ state: 'failed', problem })
  await handle.remove({ deleteFiles: true })
  expect(events.at(-1)).toEqual({ type: 'removed' })
})
