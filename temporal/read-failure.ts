import { failures } from '../contracts/failures.ts'
import type { RecordedFailure } from '../contracts/record.ts'
import type { Decode, WireFailure } from './messages.ts'
import type { Place } from './place.ts'

/** What a failure says, also where its message is in a payload. */
export const failureMessage = async (
  decode: Decode,
  { message, encodedAttributes }: WireFailure,
  place: Place,
): Promise<string> => {
  const [attributes] = encodedAttributes ? await decode([encodedAttributes], place) : []
  const hidden = (attributes as { message?: unknown } | null | undefined)?.message
  return typeof hidden === 'string' ? hidden : (message ?? '')
}

/** The failure under the wrappers that Temporal adds on the way up. */
export const rootFailure = async (decode: Decode, failure: WireFailure, place: Place): Promise<RecordedFailure> => {
  let root = failure
  while (root.cause && !root.applicationFailureInfo) root = root.cause
  const { applicationFailureInfo: application, timeoutFailureInfo: timeout } = root
  if (timeout) return { type: failures.stepTimedOut, message: 'A step took too long' }
  const message = await failureMessage(decode, root, place)
  if (!application) return { type: failures.internal, message }
  const [details] = await decode(application.details?.payloads, place)
  return { type: application.type || failures.internal, message, ...(details !== undefined && { details }) }
}
