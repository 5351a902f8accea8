/**
 * `keys_invalid`: the key ring cannot be read. `key_unknown`: encrypted with a key that the ring does not have.
 * `tampered`: the bytes, the key or the place do not belong together. `malformed`: not what we encrypt.
 * `shredded`: the key was destroyed on purpose. `unencrypted`: it is not encrypted at all. `unbound`: an earlier release
 * encrypted it without binding it to its place. `misplaced`: it was encrypted for another place.
 */
export type EncryptionProblem =
  | 'keys_invalid'
  | 'key_unknown'
  | 'tampered'
  | 'malformed'
  | 'shredded'
  | 'unencrypted'
  | 'unbound'
  | 'misplaced'

/** Something could not be decrypted, and trying again will not help. Never holds key material or plain text. */
export class EncryptionError extends Error {
  override name = 'EncryptionError'
  readonly problem: EncryptionProblem
  constructor(problem: EncryptionProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}

/** Whether it says that the data is erased, its key destroyed. */
export const saysErased = (error: unknown): boolean => error instanceof EncryptionError && error.problem === 'shredded'

/** Whether it says that this process lacks a key that another one has used. */
export const saysKeyUnknown = (error: unknown): boolean =>
  error instanceof EncryptionError && error.problem === 'key_unknown'

const forged: ReadonlySet<EncryptionProblem> = new Set(['unencrypted', 'unbound', 'tampered', 'malformed', 'misplaced'])

/** Whether it says that nothing proves something to be written by this service, for the place where it is. */
export const saysForged = (error: unknown): error is EncryptionError =>
  error instanceof EncryptionError && forged.has(error.problem)

/** Whether it says that what was stored cannot be used any more, by whichever worker. */
export const saysDamaged = (error: unknown): boolean =>
  error instanceof EncryptionError && (error.problem === 'tampered' || error.problem === 'malformed')
