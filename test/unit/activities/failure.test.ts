import { CompleteAsyncError } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { toApplicationFailure } from '../../../activities/shared/failure.ts'
import { EncryptionError } from '../../../lib/crypto/encryption-error.ts'
import { ArtifactStoreError } from '../../../storage/store.ts'

const typed = (message: string, rest: Record<string, unknown>) => Object.assign(new Error(message), rest)

describe('toApplicationFailure', () => {
  it('keeps type, message, details and cause, and takes a typed error for a verdict', () => {
    const error = typed('No face in the photo', { type: 'no_face', details: { faces: 0 } })
    const failure = toApplicationFailure(error)
    expect(failure).toBeInstanceOf(ApplicationFailure)
    expect(failure).toMatchObject({
      type: 'no_face',
      message: 'No face in the photo',
      nonRetryable: true,
      details: [{ faces: 0 }],
      cause: error,
    })
  })

  it('retries what says so, after the delay that it asks for', () => {
    const failure = toApplicationFailure(
      typed('503', { type: 'photo_unreachable', retryable: true, retryAfterMs: 1500 }),
    )
    expect(failure).toMatchObject({ type: 'photo_unreachable', nonRetryable: false, nextRetryDelay: 1500, details: [] })
  })

  it.each([true, false])('takes a store that says retryable: %s at its word', (retryable) => {
    const failure = toApplicationFailure(new ArtifactStoreError('The store is away', { retryable }))
    expect(failure).toMatchObject({ type: 'storage_unavailable', nonRetryable: !retryable })
  })

  it.each([
    ['shredded', 'data_removed', true],
    ['tampered', 'artifact_unreadable', true],
    ['key_unknown', 'internal', false],
  ] as const)('takes what cannot be decrypted, %s, as %s', (problem, type, nonRetryable) => {
    expect(toApplicationFailure(new EncryptionError(problem, 'no'))).toMatchObject({ type, nonRetryable })
  })

  it.each([new TypeError('x is undefined'), typed('?', { type: 'made_up' }), 'a string'])(
    'calls anything else internal and retries it: %s',
    (error) => {
      expect(toApplicationFailure(error)).toMatchObject({ type: 'internal', nonRetryable: false })
    },
  )

  it.each([
    new CancelledFailure('cancelled'),
    ApplicationFailure.nonRetryable('done', 'no_face'),
    new CompleteAsyncError(),
    new DOMException('aborted', 'AbortError'),
  ])('lets %s pass', (error) => {
    expect(toApplicationFailure(error)).toBe(error)
  })
})
