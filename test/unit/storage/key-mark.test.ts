import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { checkKeyMark } from '../../../storage/key-mark.ts'
import { type ActivityStore, openActivityStore } from '../../support/activity-store.ts'

let artifacts: ActivityStore
beforeEach(async () => {
  artifacts = await openActivityStore()
})
afterEach(() => artifacts.close())

const key = (id: string, fill: number) => `${id}:${toBase64(new Uint8Array(32).fill(fill))}`
const check = (...keys: string[]) => checkKeyMark(artifacts.plain, parseKeyRing(keys.join()))

describe('the mark of the active key', () => {
  it('lets a ring pass that has it, through a rotation', async () => {
    await check(key('a', 1))
    await check(key('a', 1), key('b', 2))
    await check(key('b', 2), key('a', 1))
    await check(key('b', 2))
  })

  it('names the key that a ring lacks', async () => {
    await check(key('b', 2), key('a', 1))
    await expect(check(key('a', 1))).rejects.toMatchObject({
      problem: 'key_unknown',
      message: expect.stringContaining('IDEM_ENCRYPTION_KEYS: the key "b" is missing'),
    })
  })

  it('tells another key of the same name apart', async () => {
    await check(key('dev', 1))
    await expect(check(key('dev', 2))).rejects.toThrow('the key "dev" is not the one')
    await expect(check(key('new', 3), key('dev', 2))).rejects.toThrow('the key "dev" is not the one')
  })

  it('is made again if it is damaged', async () => {
    await artifacts.plain.put('ring/active.json', new TextEncoder().encode('{'), { contentType: 'application/json' })
    await check(key('a', 1))
    await expect(check(key('b', 2))).rejects.toThrow('the key "a" is missing')
  })
})
