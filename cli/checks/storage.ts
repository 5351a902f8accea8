import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseWebhookSecret } from '../../contracts/webhook-signature.ts'
import { parseKeyRing } from '../../lib/crypto/key-ring.ts'
import { parseSecrets } from '../../storage/settings.ts'
import { type ArtifactStore, readAll } from '../../storage/store.ts'
import type { SecretsConfig } from '../config.ts'
import { explain, type Finding, gap, note, ok } from './finding.ts'

/** Writes, reads and deletes a small artifact. `name` is what IDEM_STORAGE says. */
export const checkStorage = async (store: ArtifactStore, name: string): Promise<Finding> => {
  const key = `doctor/${randomUUID()}`
  const bytes = new TextEncoder().encode(key)
  const advice = 'check IDEM_STORAGE, its credentials (AWS_*) and what they may do: put, get, head, list and delete'
  let step = 'written'
  try {
    const startedAt = Date.now()
    await store.put(key, bytes, { contentType: 'text/plain' })
    step = 'read'
    const artifact = await store.get(key)
    if (!artifact || Buffer.compare(await readAll(artifact), bytes) !== 0) {
      return gap('storage', `${name}: what has been written does not come back`, advice)
    }
    step = 'deleted'
    await store.delete([key])
    if (await store.head(key)) return gap('storage', `${name}: what has been deleted is still there`, advice)
    return ok('storage', `${name}: written, read and deleted in ${Date.now() - startedAt} ms`)
  } catch (error) {
    return gap('storage', `${name}: an artifact cannot be ${step}: ${explain(error)}`, advice)
  }
}

const made = 'openssl rand -base64 32 makes the random part'

/** Whether the secrets are there and well formed; never what they are. */
export const checkSecrets = async (config: SecretsConfig): Promise<Finding[]> => {
  const file = join(config.stateDir, 'secrets.json')
  const check = (
    variable: string,
    value: string | undefined,
    parse: (text: string) => unknown,
    form: string,
  ): Finding => {
    const name = `secret ${variable}`
    if (!value) {
      const source = existsSync(file) ? `from ${file}` : 'made at the first start'
      if (!config.storage.startsWith('s3:')) return ok(name, source)
      const why = 'the storage is shared, so that other machines may need the same'
      return note(name, `${source}; ${why}`, `set ${variable} to ${form} on all of them; ${made}`)
    }
    try {
      parse(value)
      return ok(name, 'set')
    } catch (error) {
      return gap(name, explain(error), `set it to ${form}; ${made}`)
    }
  }
  const parseWebhookSecrets = (text: string) => parseSecrets(text).map(parseWebhookSecret)
  return [
    check('IDEM_WEBHOOK_SECRET', config.webhookSecret, parseWebhookSecrets, 'whsec_BASE64'),
    check('IDEM_ENCRYPTION_KEYS', config.encryptionKeys, parseKeyRing, 'NAME:BASE64'),
  ]
}
