// What the walks through the known containers have in common.

/** A run of bytes of a file: `end` is the byte after the last. */
export interface ByteRange {
  readonly begin: number
  readonly end: number
}

/** What a walk says after each look: look at these bytes next, or `undefined`: nothing more to find. */
export interface ContainerWalk {
  /** The container's index, once its place and size are known. */
  readonly index: ByteRange | undefined
  /** Playing time, once known. */
  readonly durationSeconds: number | undefined
  /**
   * Looks at what it asked for: `bytes` start at the place asked for and are as many as asked for, or fewer
   * where the file ends.
   */
  look(bytes: Uint8Array): ByteRange | undefined
}
