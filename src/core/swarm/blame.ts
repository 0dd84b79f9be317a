// Who lied, when a piece turns out wrong, and how it becomes right. The first bad copy is kept; the second
// comes block by block from other peers. Where both copies agree their senders are honest; where they differ
// one of the two lied, and the fewest peers that explain all the differences are the likely liars: one of them
// is in each. Taking those blocks from the other sender mends the piece after one piece time.
//
// Nobody is blamed by such reckoning: it is proved by the hash. Once the piece is right, whoever sent a block
// that differs from the right one is to blame, and nobody else. See attacks.md, "one liar in many".
import { equalBytes } from '../bytes/index.ts'
import type { Digests } from '../world/index.ts'
import type { OpenPiece } from './assembly.ts'

/** Bad pieces remembered at once; beyond it the oldest is forgotten, with its suspects. */
const CASES_MAX = 32
/** Attempts of one piece that are compared with the right one: later ones come from one peer each. */
const ATTEMPTS_MAX = 4
/** Bad copies kept for mending, together; a piece that no longer fits is fetched from one peer instead. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024

interface Evidence {
  readonly senders: Int32Array
  /** By block: the digest of what was sent. */
  readonly digests: readonly Uint8Array[]
}

interface Case {
  readonly attempts: Evidence[]
  /** The first bad copy, until it has been used. */
  kept: Uint8Array | undefined
}

export class Blame {
  readonly #sha1: Digests['sha1']
  readonly #cases = new Map<number, Case>()
  #keptBytes = 0

  constructor(sha1: Digests['sha1']) {
    this.#sha1 = sha1
  }

  /**
   * The piece is wrong.
   *
   * @returns the number of the peer that surely lied, or `undefined` when that must wait for a right copy.
   */
  failed(open: OpenPiece): number | undefined {
    const first = open.senders[0] as number
    if (open.senders.every(sender => sender === first)) return first
    const known = this.#cases.get(open.piece) ?? this.#begin(open)
    if (known.attempts.length < ATTEMPTS_MAX) known.attempts.push(this.#evidenceOf(open))
    return undefined
  }

  /**
   * The piece is wrong for the second time: puts it together from both copies, in place.
   *
   * @returns whether there was anything to put together. If so its hash is to be looked at once more.
   */
  mend(open: OpenPiece): boolean {
    const known = this.#cases.get(open.piece)
    const before = known?.attempts[0]
    if (known?.kept === undefined || before === undefined) return false
    const now = this.#evidenceOf(open)
    known.attempts.push(now)
    const { kept } = known
    this.#release(known)
    const suspects = suspectsOf(before, now)
    let isMended = false
    for (const block of differences(before, now)) {
      const earlier = before.senders[block] as number
      const later = now.senders[block] as number
      if (suspects.has(earlier) || !suspects.has(later)) continue
      const bytes = open.block(block)
      bytes.set(kept.subarray(bytes.byteOffset - open.bytes.byteOffset).subarray(0, bytes.length))
      open.senders[block] = earlier
      isMended = true
    }
    return isMended
  }

  /** Who sent most of `piece` without being suspect, of those who sent the first two copies; or `undefined`. */
  leastSuspect(piece: number): number | undefined {
    const [before, now] = this.#cases.get(piece)?.attempts ?? []
    if (before === undefined || now === undefined) return undefined
    const suspects = suspectsOf(before, now)
    const counts = countBySender([...before.senders, ...now.senders])
    const others = [...counts].filter(([sender]) => !suspects.has(sender))
    return others.sort((one, other) => other[1] - one[1])[0]?.[0]
  }

  /** The piece is right. @returns the numbers of the peers that sent wrong blocks of it before. */
  proved(open: OpenPiece): number[] {
    const known = this.#cases.get(open.piece)
    if (known === undefined) return []
    this.#release(known)
    this.#cases.delete(open.piece)
    const right = this.#evidenceOf(open)
    const liars = new Set<number>()
    for (const attempt of known.attempts) {
      for (const block of differences(attempt, right)) liars.add(attempt.senders[block] as number)
    }
    return [...liars]
  }

  #begin(open: OpenPiece): Case {
    const fits = this.#keptBytes + open.bytes.length <= KEPT_BYTES_MAX
    const made: Case = { attempts: [], kept: fits ? open.bytes.slice() : undefined }
    if (fits) this.#keptBytes += open.bytes.length
    this.#cases.set(open.piece, made)
    if (this.#cases.size > CASES_MAX) {
      const [oldest, dropped] = this.#cases.entries().next().value as [number, Case]
      this.#release(dropped)
      this.#cases.delete(oldest)
    }
    return made
  }

  #release(known: Case): void {
    this.#keptBytes -= known.kept?.length ?? 0
    known.kept = undefined
  }

  #evidenceOf(open: OpenPiece): Evidence {
    const digests = Array.from(open.senders, (_, block) => this.#sha1(open.block(block)))
    return { senders: open.senders.slice(), digests }
  }
}

/** The blocks in which two copies of a piece differ. */
function differences(one: Evidence, other: Evidence): number[] {
  const blocks: number[] = []
  for (const [block, digest] of one.digests.entries()) {
    if (!equalBytes(digest, other.digests[block] as Uint8Array)) blocks.push(block)
  }
  return blocks
}

/** The fewest senders, chosen greedily, of whom at least one had a hand in each difference. */
function suspectsOf(one: Evidence, other: Evidence): Set<number> {
  const suspects = new Set<number>()
  let open = differences(one, other)
  while (open.length > 0) {
    const hands = open.flatMap(block => [...new Set([one.senders[block], other.senders[block]])])
    const [most] = [...countBySender(hands as number[])].sort((a, b) => b[1] - a[1])
    suspects.add((most as [number, number])[0])
    open = open.filter(
      block =>
        !suspects.has(one.senders[block] as number) &&
        !suspects.has(other.senders[block] as number),
    )
  }
  return suspects
}

function countBySender(senders: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const sender of senders) counts.set(sender, (counts.get(sender) ?? 0) + 1)
  return counts
}
