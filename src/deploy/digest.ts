import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'

declare const planDigest: unique symbol

/** The hash of a plan, 64 hexadecimal digits: what people approve and every command is bound to. */
export type PlanDigest = string & { readonly [planDigest]: true }

/** What goes into a digest: everything that decides what will run, and nothing else. */
export type DigestInput = {
  /** In the order in which they run. */
  readonly statements: readonly string[]
  /** The hash of what of the live schema the statements were made for: `fingerprintAround`. */
  readonly liveFingerprint: string
  /** Options of the engine that change what is done to the tables. */
  readonly engineOptions: Readonly<Record<string, string | number | boolean | null>>
}

/** The digest of what would run. Equal input gives the same digest, whatever the order of the options. */
export function digestOf({ statements, liveFingerprint, engineOptions }: DigestInput): PlanDigest {
  const options = Object.entries(engineOptions).sort(([a], [b]) => (a < b ? -1 : 1))
  const canonical = JSON.stringify(['crossfade plan 2', statements, liveFingerprint, options])
  // Sound: a SHA-256 in hexadecimal is what the brand stands for.
  return createHash('sha256').update(canonical).digest('hex') as PlanDigest
}

/** @throws {Refusal} INPUT_INVALID when `text` is not a digest. */
export function parsePlanDigest(text: string): PlanDigest {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new Refusal('INPUT_INVALID', 'A plan digest is 64 hexadecimal digits.', {
      next: 'Copy the digest from the footer of the deploy request’s comment.',
    })
  }
  // Sound: the pattern above is what the brand stands for.
  return text as PlanDigest
}

/** Letters and digits that cannot be mistaken for each other. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

/**
 * The five characters that a person types to confirm a plan that drops data.
 * They come from the digest, so a code for one plan confirms no other.
 */
export function confirmCode(digest: PlanDigest): string {
  const bytes = createHash('sha256').update(`confirm ${digest}`).digest()
  return [...bytes.subarray(0, 5)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
}

/** The digest as people see it: its first 12 digits. */
export function shortDigest(digest: PlanDigest): string {
  return digest.slice(0, 12)
}
