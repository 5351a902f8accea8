import { EncryptionError } from '../lib/crypto/encryption-error.ts'

// No zod and no builtins here: workflows import this file.

/** What a value is for: the kind of place, and the workflow, signal or step that the place belongs to. */
export type Purpose =
  | `${'input' | 'result' | 'memo' | 'arguments' | 'answer' | 'progress'} of ${string}`
  | `signal ${string}`

/**
 * A value as it is encrypted for Temporal. The encryption binds it to one workflow (and step); this binds it to its tenant
 * and to one purpose there, so that a valid ciphertext cannot be put into another place of the same workflow.
 */
export interface SealedValue<T = unknown> {
  readonly sealedFor: Purpose
  /** Whose it is. The sweep belongs to no tenant. */
  readonly tenant?: string
  readonly value: T
}

export const sealFor = <T>(sealedFor: Purpose, tenant: string | undefined, value: T): SealedValue<T> => ({
  sealedFor,
  ...(tenant !== undefined && { tenant }),
  value,
})

const isSealed = (value: unknown): value is SealedValue =>
  typeof value === 'object' && value !== null && 'sealedFor' in value

export interface OpenOptions {
  /** Whether values of releases that sealed for no purpose are accepted, as during a migration. */
  readonly acceptBare: boolean
  /** The tenant that it must be sealed for. Not checked if omitted. */
  readonly tenant?: string | undefined
}

const misplaced = (message: string) => new EncryptionError('misplaced', message)

/**
 * What was sealed for a purpose. Throws `EncryptionError` `misplaced` if it was sealed for another one, or for another
 * tenant.
 *
 * @example
 * const { tenant, value } = openFor('input of generateFaces', payload, { acceptBare: false })
 */
export const openFor = <T>(
  purpose: Purpose,
  sealed: unknown,
  { acceptBare, tenant }: OpenOptions,
): Pick<SealedValue<T>, 'tenant' | 'value'> => {
  if (!isSealed(sealed)) {
    if (acceptBare) return { value: sealed as T }
    throw misplaced(`A value that is sealed for no purpose is not the ${purpose}`)
  }
  if (sealed.sealedFor !== purpose) throw misplaced(`What was sealed as the ${sealed.sealedFor} is not the ${purpose}`)
  if (tenant !== undefined && sealed.tenant !== tenant) throw misplaced(`The ${purpose} is another tenant's`)
  return sealed as SealedValue<T>
}
