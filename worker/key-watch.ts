import { EncryptionError } from '../lib/crypto/encryption-error.ts'

export interface KeyWatchOptions {
  /** Throws `EncryptionError` if this process lacks a key that it must have: `checkKeyMark`. */
  check(): Promise<void>
  /** Called once, with what `check` has thrown. */
  onMissing(error: EncryptionError): void
  /** Checks are at least so far apart, however many payloads cannot be read. */
  everyMs?: number
}

/**
 * Checks the keys of a worker that runs when it meets a key that it does not have. A rotation may have begun without it; a
 * payload that only names some key ends nobody.
 *
 * @example
 * const onUnknown = createKeyWatch({ check: () => checkKeyMark(store, ring), onMissing: () => workers.shutdown() })
 */
export const createKeyWatch = ({ check, onMissing, everyMs = 10_000 }: KeyWatchOptions): (() => void) => {
  let checkedAt = Number.NEGATIVE_INFINITY
  let isMissing = false
  const look = async () => {
    try {
      await check()
    } catch (error) {
      // A store that does not answer says nothing of keys.
      if (!(error instanceof EncryptionError) || isMissing) return
      isMissing = true
      onMissing(error)
    }
  }
  return () => {
    if (isMissing || performance.now() - checkedAt < everyMs) return
    checkedAt = performance.now()
    void look()
  }
}
