// What a scenario is: a story that must end well for every seed.

export interface Scenario {
  /** A sentence that can be false. */
  readonly name: string
  /** @throws Error with the seed where the story does not end well. */
  readonly play: (seed: number) => void
}

/** @throws Error with `what` where `condition` is false. */
export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected ${what}`)
}

export const MIB = 1024 * 1024
