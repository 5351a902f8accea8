import { type ArtifactStore, ArtifactStoreError } from '../../store.ts'
import { createS3Store } from './s3.ts'
import { parseS3Url, readS3Credentials } from './s3-url.ts'

/** Opens `s3://bucket/prefix?…` with the `AWS_*` variables of an environment. */
export const openS3Store = (url: string, env: Readonly<Record<string, string | undefined>>): ArtifactStore => {
  const credentials = readS3Credentials(env)
  if (!credentials) {
    const message = `The artifact store ${url.split('?')[0]} needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`
    throw new ArtifactStoreError(message, { retryable: false })
  }
  return createS3Store({ location: parseS3Url(url, env), credentials })
}
