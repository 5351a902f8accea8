import type { StorageDriver } from '../driver.ts'
import { fileDriver } from './file/index.ts'
import { s3Driver } from './s3/index.ts'

/** Drivers by the scheme of their URLs. To add one: its folder, and its scheme here. */
export const storageDrivers = { file: fileDriver, s3: s3Driver } satisfies Record<string, StorageDriver>
