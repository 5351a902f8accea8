import { expect, it } from 'vitest'
import { EncryptionError } from '../../../lib/crypto/encryption-error.ts'
import { createKeyWatch } from '../../../worker/key-watch.ts'

const missing = new EncryptionError('key_unknown', 'IDEM_ENCRYPTION_KEYS: the key "b" is missing')

it('a worker that lacks the key that everybody else uses hears of it once, and which one it is', async () => {
  let checks = 0
  const heard = new Promise<Error>((resolve, reject) => {
    let calls = 0
    const ask = createKeyWatch({
      check: async () => {
        checks++
        throw missing
      },
      onMissing: (error) => (calls++ ? reject(new Error('It was told twice')) : resolve(error)),
      everyMs: 0,
    })
    ask()
    ask()
  })
  expect(await heard).toBe(missing)
  expect(checks).toBeGreaterThan(0)
})

it('a key that only a payload names, or a store that is away, ends no worker; checks do not pile up', async () => {
  let checks = 0
  const outcomes = [async () => undefined, () => Promise.reject(new Error('The store is away'))]
  for (const outcome of outcomes) {
    const ask = createKeyWatch({
      check: () => {
        checks++
        return outcome()
      },
      onMissing: (error) => {
        throw error
      },
    })
    for (let k = 0; k < 5; k++) ask()
  }
  await Promise.resolve()
  expect(checks).toBe(2)
})
