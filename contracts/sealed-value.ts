import { EncryptionError } from '../lib/crypto/encryption-error.ts'

// No zod and no builtins here: workflows import this file.

/** The purpose of a value in Temporal: its kind, and the workflow, signal or step that it belongs to. */
export type Purpose =
  | `${'input' | 'result' | 'memo' | 'arguments' | 'answer' | 'progress'} of ${string}`
  | `signal ${string}`

/**
 * A value before it is encrypted for Temporal. The encryption binds it to one workflow (and step). This binds it to its
 * tenant and to one purpose, so that a valid ciphertext cannot be moved to another place in the same workflow.
 */
export interface SealedValue<T = unknown> {
  readonly sealedFor: Purpose
  /** The tenant that owns it. The sweep belongs to no tenant. */
  readonly tenant?: string
  readonly value: T
}

/** The name of a memo's one field. Earlier releases had a field for each value, and `tenant` among them. */
export const memoField = 'idem'

export const sealFor = <T>(sealedFor: Purpose, tenant: string | undefined, value: T): SealedValue<T> => ({
  sealedFor,
  ...(tenant !== undefined && { tenant }),
  value,
})

const isSealed = (value: unknown): value is SealedValue =>
  typeof value === 'object' && value !== null && 'sealedFor' in value

export interface OpenOptions {
  /** Whether to accept values without a purpose, which earlier releases wrote. For migrations. */
  readonly acceptBare: boolean
  /** The tenant that must own the value. Not checked if omitted. */
  readonly tenant?: string | undefined
}

const misplaced = (message: string) => new EncryptionError('misplaced', message)

/**
 * Returns a value that was sealed for `purpose`. Throws `EncryptionError` `misplaced` if it was sealed for another
 * purpose or another tenant.
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
    throw misplaced(`Expected the ${purpose}, but the value was not sealed for any purpose`)
  }
  if (sealed.sealedFor !== purpose)
    throw misplaced(`Expected the ${purpose}, but the value was sealed as the ${sealed.sealedFor}`)
  if (tenant !== undefined && sealed.tenant !== tenant) throw misplaced(`The ${purpose} belongs to another tenant`)
  return sealed as SealedValue<T>
}
