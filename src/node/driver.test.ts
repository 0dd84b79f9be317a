import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Machine, Millis, Notify, WorldEffect, WorldInput } from '../core/world/index.ts'
import { Driver } from './driver.ts'

type Effect = WorldEffect | Notify<string>
type Input = WorldInput | { readonly kind: 'go' }

/** A machine that does what a function says, and remembers what it was told. */
class Puppet implements Machine<Input, Effect> {
  wakeAtMs: Millis = Number.POSITIVE_INFINITY
  readonly inputs: Input[] = []
  readonly react: (input: Input, machine: Puppet) => Effect[]
  #effects: Effect[] = []

  constructor(react: (input: Input, machine: Puppet) => Effect[]) {
    this.react = react
  }

  step(_nowMs: Millis, input: Input): void {
    this.inputs.push(input)
    this.#effects.push(...this.react(input, this))
  }

  drain(): Effect[] {
    return this.#effects.splice(0)
  }
}

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'driver-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Runs the machine until it notifies `end`, or crashes. */
async function play(
  machine: Puppet,
): Promise<{ crash: Error | undefined; saved: Map<string, unknown> }> {
  const saved = new Map<string, unknown>()
  let driver: Driver<Input, string> | undefined
  const crash = await new Promise<Error | undefined>(resolve => {
    driver = new Driver<Input, string>({
      machine,
      storeDirectory: root,
      state: { save: (name, bytes) => void saved.set(name, bytes) },
      onNotice: () => resolve(undefined),
      onCrash: resolve,
    })
    driver.step({ kind: 'go' })
  })
  await driver?.close()
  return { crash, saved }
}

const END: Effect = { kind: 'notify', notice: 'end' }

test('writes, reads and hashes are answered with their numbers', async () => {
  const bytes = new Uint8Array(5_000_000).fill(7)
  const machine = new Puppet((input, { inputs }) => {
    if (input.kind === 'go') {
      return [
        { kind: 'hash', request: 1, algorithm: 'sha1', bytes },
        { kind: 'hash', request: 2, algorithm: 'sha256', bytes: bytes.subarray(0, 9) },
        { kind: 'disk-write', request: 3, path: 'a', position: 0, bytes, isDurable: true },
        { kind: 'save', name: 'x', bytes: null },
      ]
    }
    if (input.kind === 'disk-written') {
      return [{ kind: 'disk-read', request: 4, path: 'a', position: 4_999_999, size: 10 }]
    }
    return inputs.length === 5 ? [END] : []
  })
  const { saved } = await play(machine)
  const digest = (algorithm: string, of: Uint8Array) =>
    new Uint8Array(createHash(algorithm).update(of).digest())
  expect(machine.inputs).toContainEqual({
    kind: 'hashed',
    request: 1,
    digest: digest('sha1', bytes),
  })
  expect(machine.inputs).toContainEqual({
    kind: 'hashed',
    request: 2,
    digest: digest('sha256', bytes.subarray(0, 9)),
  })
  expect(machine.inputs).toContainEqual({
    kind: 'disk-read-done',
    request: 4,
    bytes: Uint8Array.of(7),
  })
  expect([...saved]).toEqual([['x', null]])
})

test('answers given at once come as inputs of their own, never within a step', async () => {
  let depth = 0
  const machine = new Puppet(input => {
    depth++
    expect(depth).toBe(1)
    depth--
    const bytes = new Uint8Array(3)
    if (input.kind === 'go') return [{ kind: 'hash', request: 1, algorithm: 'sha1', bytes }]
    return [END]
  })
  await play(machine)
  expect(machine.inputs.map(input => input.kind)).toEqual(['go', 'hashed'])
})

test('the machine is woken when it wants to be, though it changes its mind', async () => {
  const machine = new Puppet((input, self) => {
    if (input.kind === 'go') {
      self.wakeAtMs = performance.now() + 60_000
      const bytes = new Uint8Array(0)
      return [{ kind: 'hash', request: 1, algorithm: 'sha1', bytes }]
    }
    self.wakeAtMs = input.kind === 'wake' ? Number.POSITIVE_INFINITY : performance.now() + 1
    return input.kind === 'wake' ? [END] : []
  })
  await play(machine)
  expect(machine.inputs.map(input => input.kind)).toEqual(['go', 'hashed', 'wake'])
})

test('a host that nobody knows is answered with no addresses', async () => {
  const machine = new Puppet(input =>
    input.kind === 'go' ? [{ kind: 'resolve', request: 9, host: 'no-such-host.invalid' }] : [END],
  )
  await play(machine)
  expect(machine.inputs.at(-1)).toEqual({ kind: 'resolved', request: 9, addresses: [] })
})

test('a machine that breaks closes the driver and is reported', async () => {
  const machine = new Puppet(() => {
    throw new Error('broken')
  })
  expect((await play(machine)).crash?.message).toBe('broken')
})

test('an endless chain of answers given at once leaves everybody else their turn', async () => {
  let isOver = false
  const machine = new Puppet(() =>
    isOver ? [END] : [{ kind: 'hash', request: 1, algorithm: 'sha1', bytes: new Uint8Array(1000) }],
  )
  setTimeout(() => {
    isOver = true
  }, 0)
  expect((await play(machine)).crash).toBeUndefined()
})
