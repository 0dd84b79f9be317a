// Asserts are for our own mistakes; a stranger's wrong bytes are a `WireError` (room `wire`).

/** A broken invariant of our own. Never caught to carry on: the machine that threw it is stopped. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** @throws AssertionError with `message` when `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
