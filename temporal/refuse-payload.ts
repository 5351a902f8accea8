import { ApplicationFailure } from '@temporalio/common'
import { failures } from '../contracts/failures.ts'
import { EncryptionError } from '../lib/crypto/encryption-error.ts'

/** What was written for another place will never be right in this one: the failure is final. */
export const refusePayload = (message: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(message, failures.payloadRefused)

/** Runs `open`; its `EncryptionError` becomes a final failure. */
export const openOrRefuse = <T>(open: () => T): T => {
  try {
    return open()
  } catch (error) {
    throw error instanceof EncryptionError ? refusePayload(error.message) : error
  }
}
