import { findDriver, type StorageDrivers } from '../../storage/driver.ts'
import { storageDrivers } from '../../storage/drivers/index.ts'
import type { KeysConfig } from '../config.ts'
import { type Finding, gap, note, ok } from './finding.ts'

const advice = 'set IDEM_KEYS to a store of their own that keeps no versions and is not backed up'

/**
 * Whether destroying a key makes every copy of what it sealed unreadable: not if the store of keys keeps versions, nor if
 * it is copied together with the artifacts.
 */
export const checkKeys = async (
  { storage, keys, cwd, env }: KeysConfig,
  drivers: StorageDrivers = storageDrivers,
): Promise<Finding> => {
  const url = keys ?? storage
  const driver = findDriver(url, drivers)
  const name = driver.describe(url)
  // Nothing is signed here.
  const options = { publicUrl: 'http://localhost', signingKey: new Uint8Array(32), cwd, env }
  const tried = keys === undefined ? undefined : await driver.check(driver.open(keys, options))
  if (tried && !tried.ok)
    return gap('keys', `${name}: ${tried.what}`, tried.advice.replace('IDEM_STORAGE', 'IDEM_KEYS'))

  const versions = (await driver.keepsVersions?.(url, { env })) ?? 'no'
  if (versions === 'yes') {
    const what = `${name} keeps versions: a key that an erasure destroys can be brought back`
    return gap('keys', what, keys === undefined ? advice : 'turn versioning off for the bucket, or name another one')
  }
  if (keys === undefined) {
    const what = `in ${name} with the artifacts: a copy of that store and the key ring open what an erasure has destroyed`
    return note('keys', what, advice)
  }
  const unit = driver.unit?.(keys, { cwd, env })
  const artifacts = findDriver(storage, drivers).unit?.(storage, { cwd, env })
  if (unit !== undefined && artifacts !== undefined && (unit === artifacts || unit.startsWith(`${artifacts}/`))) {
    return note('keys', `${name} lies in the artifacts' own ${unit === artifacts ? 'bucket' : 'folder'}`, advice)
  }
  if (versions === 'unknown') {
    return note('keys', `${name} does not say whether it keeps versions`, 'make sure that it keeps none')
  }
  const { isShared } = findDriver(storage, drivers)
  if (isShared && !driver.isShared) {
    return note('keys', `${name} is on this machine, the artifacts are shared`, 'give every machine the same IDEM_KEYS')
  }
  return ok('keys', `${name}: ${tried?.what}`)
}
