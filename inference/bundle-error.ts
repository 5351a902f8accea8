import { failures } from '../contracts/failures.ts'

/** The bundle cannot be used; the message says which file or field is wrong, and why. */
export class BundleError extends Error {
  override name = 'BundleError'
  readonly type = failures.bundleInvalid
}
