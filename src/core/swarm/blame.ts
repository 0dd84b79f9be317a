// Who lied, when a piece turns out wrong. The blocks of a bad piece are remembered by digest and sender;
// once the piece is right, whoever sent a block that differs from the right one is to blame, and nobody
// else. A piece that came from one peer alone needs no comparison.
//
// While suspects are many the same liar could spoil every further attempt, so a bad piece is fetched again
// from one peer at a time: `soleSender` names who may send it.
import { equalBytes } from '../bytes/index.ts'
import type { Digests } from '../world/index.ts'
import type { OpenPiece } from './assembly.ts'

/** Bad pieces remembered at once; beyond it the oldest is forgotten, with its suspects. */
const CASES_MAX = 32
/** Attempts of one piece that are compared with the right one: later ones come from one peer each. */
const ATTEMPTS_MAX = 4

interface Evidence {
  readonly senders: Int32Array
  /** By block: the digest of what was sent. */
  readonly digests: readonly Uint8Array[]
}

export class Blame {
  readonly #sha1: Digests['sha1']
  readonly #cases = new Map<number, Evidence[]>()

  constructor(sha1: Digests['sha1']) {
    this.#sha1 = sha1
  }

  /** Whether `piece` failed before and has not been right since. */
  isSuspect(piece: number): boolean {
    return this.#cases.has(piece)
  }

  /**
   * The piece is wrong.
   *
   * @returns the number of the peer that surely lied, or `undefined` when that must wait for a right copy.
   */
  failed(open: OpenPiece): number | undefined {
    const first = open.senders[0] as number
    if (open.senders.every(sender => sender === first)) return first
    const evidence = this.#cases.get(open.piece) ?? []
    if (evidence.length < ATTEMPTS_MAX) {
      const digests = Array.from(open.senders, (_, block) => this.#sha1(open.block(block)))
      evidence.push({ senders: open.senders.slice(), digests })
    }
    this.#cases.set(open.piece, evidence)
    if (this.#cases.size > CASES_MAX) this.#cases.delete(this.#cases.keys().next().value as number)
    return undefined
  }

  /** The piece is right. @returns the numbers of the peers that sent wrong blocks of it before. */
  proved(open: OpenPiece): number[] {
    const evidence = this.#cases.get(open.piece)
    if (evidence === undefined) return []
    this.#cases.delete(open.piece)
    const liars = new Set<number>()
    for (const { senders, digests } of evidence) {
      for (const [block, digest] of digests.entries()) {
        if (equalBytes(digest, this.#sha1(open.block(block)))) continue
        liars.add(senders[block] as number)
      }
    }
    return [...liars]
  }
}
