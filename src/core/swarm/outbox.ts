// The queue of effects that the parts of one machine share: filled during a step, handed over by `drain`.

const NOTHING: readonly never[] = []

export class Outbox<Effect> {
  #effects: Effect[] = []

  push(effect: Effect): void {
    this.#effects.push(effect)
  }

  get isEmpty(): boolean {
    return this.#effects.length === 0
  }

  /** Everything since the last call, oldest first. An idle step costs no allocation. */
  drain(): Effect[] {
    if (this.#effects.length === 0) return NOTHING as never[]
    const effects = this.#effects
    this.#effects = []
    return effects
  }
}
