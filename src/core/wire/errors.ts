// The one error of this room: a stranger's bytes are wrong. Our own mistakes are an AssertionError.

/**
 * A stranger's bytes that a decoder could not accept. Expected and cheap: the machine that called the
 * decoder is the only catcher, and answers with a score and a close.
 *
 * It is an `Error` without a stack. Collecting one costs eight times what reading a good datagram does,
 * so that garbage would be the cheapest flood; see attacks.md, "garbage".
 */
export class WireError implements Error {
  /** What is wrong, in kebab case, e.g. `frame-too-long`: the same for the same mistake, to be counted. */
  readonly name: string
  /** Where in the decoder's input it was noticed, in bytes from its start. */
  readonly offset: number

  constructor(name: string, offset: number) {
    this.name = name
    this.offset = offset
  }

  get message(): string {
    return `${this.name} at byte ${this.offset}`
  }

  toString(): string {
    return this.message
  }
}

// `instanceof Error` holds without calling the constructor that collects the stack.
Object.setPrototypeOf(WireError.prototype, Error.prototype)
