// A real DhtNode at an address of the simulated network.
import { createHash } from 'node:crypto'
import type { Address } from '../../src/core/bytes/index.ts'
import {
  type DhtCommand,
  DhtNode,
  type DhtNotice,
  type DhtOptions,
} from '../../src/core/dht/index.ts'
import type { Millis } from '../../src/core/world/index.ts'
import type { DatagramNetwork, Line, Resident } from './network.ts'

export const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest()

export class MachineNode implements Resident {
  readonly address: Address
  readonly machine: DhtNode
  readonly notices: { readonly atMs: Millis; readonly notice: DhtNotice }[] = []
  saved: Uint8Array | undefined
  readonly #network: DatagramNetwork
  #wakeAtMs: Millis = Number.POSITIVE_INFINITY
  #isOn = true

  constructor(
    network: DatagramNetwork,
    address: Address,
    line: Line,
    options: Omit<DhtOptions, 'luck' | 'sha1'>,
  ) {
    this.#network = network
    this.address = address
    this.machine = new DhtNode({ ...options, luck: network.luck.fork(), sha1 })
    network.attach(address, this, line)
    this.#perform()
  }

  receive(nowMs: Millis, from: Address, bytes: Uint8Array): void {
    if (!this.#isOn) return
    this.machine.step(nowMs, { kind: 'udp-data', from, bytes })
    this.#perform()
  }

  command(command: DhtCommand): void {
    this.machine.step(this.#network.nowMs, command)
    this.#perform()
  }

  turnOff(): void {
    this.#isOn = false
    this.#network.detach(this.address)
  }

  #perform(): void {
    for (const effect of this.machine.drain()) {
      if (effect.kind === 'udp-send') this.#network.send(this.address, effect.to, effect.bytes)
      else if (effect.kind === 'save') this.saved = effect.bytes ?? undefined
      else if (effect.kind === 'notify') {
        this.notices.push({ atMs: this.#network.nowMs, notice: effect.notice })
      }
    }
    const dueMs = this.machine.wakeAtMs
    if (dueMs >= this.#wakeAtMs || dueMs === Number.POSITIVE_INFINITY) return
    this.#wakeAtMs = dueMs
    this.#network.plan(dueMs, () => {
      if (this.#wakeAtMs !== dueMs || !this.#isOn) return
      this.#wakeAtMs = Number.POSITIVE_INFINITY
      this.machine.step(this.#network.nowMs, { kind: 'wake' })
      this.#perform()
    })
  }
}
