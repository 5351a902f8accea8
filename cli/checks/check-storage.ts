import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseWebhookSecret } from '../../contracts/webhook-signature.ts'
import { parseKeyRing } from '../../lib/crypto/key-ring.ts'
import { explain } from '../../lib/explain.ts'
import { findDriver, type StorageDrivers } from '../../storage/driver.ts'
import { storageDrivers } from '../../storage/drivers/index.ts'
import { parseSecrets } from '../../storage/parse-storage-config.ts'
import type { ArtifactStore } from '../../storage/store.ts'
import type { SecretsConfig } from '../config.ts'
import { type Finding, gap, note, ok } from './finding.ts'

/** Checks the store with the driver for `url` (IDEM_STORAGE). */
export const checkStorage = async (
  url: string,
  store: ArtifactStore,
  drivers: StorageDrivers = storageDrivers,
): Promise<Finding> => {
  const driver = findDriver(url, drivers)
  const found = await driver.check(store)
  const what = `${driver.describe(url)}: ${found.what}`
  return found.ok ? ok('storage', what) : gap('storage', what, found.advice)
}

const made = 'openssl rand -base64 32 generates the random part'

/** Checks that the secrets are set and well formed. Findings do not contain the secrets. */
export const checkSecrets = async (
  config: SecretsConfig,
  drivers: StorageDrivers = storageDrivers,
): Promise<Finding[]> => {
  const file = join(config.stateDir, 'secrets.json')
  const { isShared } = findDriver(config.storage, drivers)
  const check = (
    variable: string,
    value: string | undefined,
    parse: (text: string) => unknown,
    form: string,
  ): Finding => {
    const name = `secret ${variable}`
    if (!value) {
      const source = existsSync(file) ? `from ${file}` : 'generated at the first start'
      if (!isShared) return ok(name, source)
      const why = 'other machines that use this storage need the same value'
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
