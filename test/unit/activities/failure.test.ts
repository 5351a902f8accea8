import { CompleteAsyncError } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, it } from 'vitest'
import { toApplicationFailure, translateFailures } from '../../../activities/shared/failure.ts'
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

describe('the attempts of a step', () => {
  const failing = (name: string, error: Error, attempt: number) => {
    const activity = translateFailures({
      [name]: async () => {
        throw error
      },
    })[name]!
    return new MockActivityEnvironment({ attempt }).run(activity as never)
  }

  it('end after a minute for an error that nobody has foreseen', async () => {
    const bug = new TypeError('x is undefined')
    await expect(failing('findFace', bug, 7)).rejects.toMatchObject({ type: 'internal', nonRetryable: false })
    await expect(failing('findFace', bug, 8)).rejects.toMatchObject({
      type: 'internal',
      message: 'x is undefined',
      nonRetryable: true,
    })
  })

  it('go on while the store is away, or a worker lacks a key', async () => {
    const away = new ArtifactStoreError('The store is away', { retryable: true })
    await expect(failing('findFace', away, 19)).rejects.toMatchObject({ nonRetryable: false })
    const unknown = new EncryptionError('key_unknown', 'The key ring has no key "b"')
    await expect(failing('findFace', unknown, 19)).rejects.toMatchObject({ nonRetryable: false })
  })

  it('wait longer and longer for the memory of a device', async () => {
    const full = Object.assign(new Error('CUDA out of memory'), { type: 'out_of_memory', retryable: true })
    for (const [attempt, nextRetryDelay] of [
      [1, 5_000],
      [3, 20_000],
      [12, 60_000],
    ] as const) {
      const failure = { type: 'out_of_memory', nonRetryable: false, nextRetryDelay }
      await expect(failing('generateImages', full, attempt)).rejects.toMatchObject(failure)
    }
  })

  it('have no end of their own in what cleans up', async () => {
    const late = new Error('The history is not deleted yet')
    await expect(failing('deleteHistories', late, 50)).rejects.toMatchObject({ nonRetryable: false })
  })
})
