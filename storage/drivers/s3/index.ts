import type { OpenStoreOptions, StorageDriver } from '../../driver.ts'
import { roundTrip } from '../../round-trip.ts'
import { ArtifactStoreError } from '../../store.ts'
import { createS3Store } from './s3-store.ts'
import { parseS3Url, readS3Credentials } from './s3-url.ts'
import { readVersioning } from './s3-versioning.ts'

const describe = (url: string): string => url.split('?')[0]!

const clientOptions = (url: string, env: OpenStoreOptions['env'] = {}) => {
  const credentials = readS3Credentials(env)
  if (!credentials) {
    const message = `The artifact store ${describe(url)} needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`
    throw new ArtifactStoreError(message, { retryable: false })
  }
  return { location: parseS3Url(url, env), credentials }
}

/** `s3://bucket/prefix?…` with the `AWS_*` variables of an environment; `parseS3Url` documents the options. */
export const s3Driver: StorageDriver = {
  form: 's3://bucket/prefix?…',
  isShared: true,
  open: (url, { env }) => createS3Store(clientOptions(url, env)),
  describe,
  unit: (url, { env }) => {
    const { endpoint, bucket } = parseS3Url(url, env)
    return `${endpoint}/${bucket}`
  },
  keepsVersions: (url, { env }) => readVersioning(clientOptions(url, env)),
  check: (store) =>
    roundTrip(
      store,
      'check IDEM_STORAGE, its credentials (AWS_*) and what they may do: put, get, head, list and delete',
    ),
}
