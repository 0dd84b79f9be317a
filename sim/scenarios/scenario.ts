// What a scenario is: a story that must end well for every seed.

export interface Scenario {
  /** A sentence that can be false. */
  readonly name: string
  /** @throws Error where the story does not end well. */
  readonly play: (seed: number) => void
}

/** Plays `count` seeds from `first` on. @throws Error that names the seed which ended badly. */
export function playSeeds({ play }: Scenario, first: number, count: number): void {
  for (let seed = first; seed < first + count; seed++) {
    try {
      play(seed)
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
}

/** @throws Error with `what` where `condition` is false. */
export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected ${what}`)
}

export const MIB = 1024 * 1024
