// A fuzzer for decoders: mutates a corpus from a seed, and insists that every input either decodes or is
// refused with a WireError, in bounded time and memory. What decodes joins the corpus for a while, so that
// later mutations start from further in.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { WireError } from '../../src/core/wire/index.ts'
import { Dice, readBytes } from './wire.ts'

export interface FuzzTarget {
  /** The decoder's name and its folder in test/corpus. */
  readonly name: string
  /** Decodes `input`. `dice` is for choices of the target's own, such as where to cut a stream. */
  readonly decode: (input: Uint8Array, dice: Dice) => void
}

export interface FuzzReport {
  readonly inputs: number
  readonly accepted: number
  readonly seconds: number
  /** The slowest single input. */
  readonly slowestMs: number
  /** How much larger the process became, in MiB. */
  readonly growthMiB: number
}

/** The longest input that is made. */
const INPUT_LIMIT_BYTES = 4096
/** Accepted mutants that are kept to start from. */
const MUTANTS_MAX = 256
/** Mutations of one input. */
const STEPS_MAX = 4

/** The kept inputs of a decoder, in the order of their names. */
export function readCorpus(name: string): Uint8Array[] {
  const folder = join(import.meta.dirname, '..', 'corpus', name)
  return readdirSync(folder)
    .sort()
    .map(file => readBytes(join(folder, file)))
}

/**
 * Feeds `inputs` mutants to a decoder.
 *
 * @throws Error at the first input that makes the decoder throw anything but a WireError; its message
 *   holds the input and the seed.
 */
export function fuzz(
  target: FuzzTarget,
  { inputs, seed }: { readonly inputs: number; readonly seed: number },
): FuzzReport {
  const dice = new Dice(seed)
  const corpus = readCorpus(target.name)
  const mutants: Uint8Array[] = []
  const startBytes = process.memoryUsage().rss
  const started = performance.now()
  let accepted = 0
  let slowestMs = 0
  let before = started
  for (let count = 0; count < inputs; count++) {
    const input = mutate(dice, corpus, mutants)
    if (isAccepted(target, input, dice, `seed ${seed}, input ${count}`)) {
      accepted++
      mutants[mutants.length < MUTANTS_MAX ? mutants.length : dice.below(MUTANTS_MAX)] = input
    }
    const now = performance.now()
    if (now - before > slowestMs) slowestMs = now - before
    before = now
  }
  return {
    inputs,
    accepted,
    seconds: (before - started) / 1000,
    slowestMs,
    growthMiB: (process.memoryUsage().rss - startBytes) / 2 ** 20,
  }
}

function isAccepted(target: FuzzTarget, input: Uint8Array, dice: Dice, place: string): boolean {
  try {
    target.decode(input, dice)
    return true
  } catch (error) {
    if (error instanceof WireError) return false
    const digits = Buffer.from(input).toString('hex')
    throw new Error(`${target.name}, ${place}: ${String(error)}; input ${digits}`, { cause: error })
  }
}

/** One to a few mutations of an input of the corpus or of an earlier mutant. */
function mutate(
  dice: Dice,
  corpus: readonly Uint8Array[],
  mutants: readonly Uint8Array[],
): Uint8Array {
  let input = pick(dice, mutants.length > 0 && dice.below(2) === 0 ? mutants : corpus)
  const steps = 1 + dice.below(STEPS_MAX)
  for (let step = 0; step < steps; step++) {
    const change = CHANGES[dice.below(CHANGES.length)] as Change
    input = change(input, dice, corpus)
  }
  return input.length > INPUT_LIMIT_BYTES ? input.subarray(0, INPUT_LIMIT_BYTES) : input
}

type Change = (input: Uint8Array, dice: Dice, corpus: readonly Uint8Array[]) => Uint8Array

/** Bytes at which decoders decide: limits of numbers, and the grammar of bencode and of links. */
const TELLING_BYTES = Uint8Array.from(
  Buffer.from('\0\x01\x07\x7f\x80\xfe\xffdlei0123456789:-+%&=.,', 'latin1'),
)
const TELLING_RUNS = [
  'd',
  'de',
  'le',
  '0:',
  'i0e',
  'i-1e',
  'i-0e',
  'i9007199254740993e',
  'i18446744073709551616e',
  '4294967295:',
  '99999999999:',
  '1:a',
  '2:id20:',
  '1:t2:aa',
  '1:y1:q',
  '4:infod',
  '9:file treed',
  '6:lengthi',
  '\xff\xff\xff\xff',
  '\0\0\0\0',
  '\0\0\0\x0d\x06',
  '\0\0\x40\x09\x07',
  '\0\0\0\x02\x14\0',
  '%',
  '%FF',
  '&xt=urn:btih:',
  '&so=0-999999999',
  '[::1]:80',
  '\u00e9'.repeat(3),
  'l'.repeat(40),
].map(run => Uint8Array.from(Buffer.from(run, 'latin1')))

const CHANGES: readonly Change[] = [
  // One bit.
  (input, dice) => {
    if (input.length === 0) return input
    const at = dice.below(input.length)
    return input.with(at, (input[at] ?? 0) ^ (1 << dice.below(8)))
  },
  // One byte, by any or by a telling one.
  (input, dice) =>
    input.length === 0 ? input : input.with(dice.below(input.length), dice.below(256)),
  (input, dice) =>
    input.length === 0 ? input : input.with(dice.below(input.length), pickByte(dice)),
  // A telling run put in, or over what is there.
  (input, dice) => splice(input, dice.below(input.length + 1), 0, pick(dice, TELLING_RUNS)),
  (input, dice) => {
    const run = pick(dice, TELLING_RUNS)
    return splice(input, dice.below(input.length + 1), run.length, run)
  },
  // A run taken out, doubled, or cut off.
  (input, dice) => {
    const at = dice.below(input.length + 1)
    return splice(input, at, dice.below(Math.min(input.length - at, 64) + 1), EMPTY)
  },
  (input, dice) => {
    const at = dice.below(input.length + 1)
    return splice(input, at, 0, input.subarray(at, at + dice.below(65)))
  },
  (input, dice) => input.subarray(0, dice.below(input.length + 1)),
  // A run of another input.
  (input, dice, corpus) => {
    const other = pick(dice, corpus)
    const from = dice.below(other.length + 1)
    const run = other.subarray(from, from + dice.below(other.length - from + 1))
    return splice(input, dice.below(input.length + 1), dice.below(run.length + 1), run)
  },
  // Digits, so that sizes go wrong by a little.
  (input, dice) => {
    if (input.length === 0) return input
    const start = dice.below(input.length)
    for (let step = 0; step < input.length; step++) {
      const at = (start + step) % input.length
      const byte = input[at] ?? 0
      if (byte >= 48 && byte <= 57) return input.with(at, 48 + dice.below(10))
    }
    return input
  },
]

const EMPTY = new Uint8Array(0)

function splice(input: Uint8Array, at: number, removed: number, run: Uint8Array): Uint8Array {
  const rest = input.subarray(Math.min(at + removed, input.length))
  const output = new Uint8Array(at + run.length + rest.length)
  output.set(input.subarray(0, at))
  output.set(run, at)
  output.set(rest, at + run.length)
  return output
}

function pick(dice: Dice, from: readonly Uint8Array[]): Uint8Array {
  return from[dice.below(from.length)] ?? EMPTY
}

function pickByte(dice: Dice): number {
  return TELLING_BYTES[dice.below(TELLING_BYTES.length)] ?? 0
}
