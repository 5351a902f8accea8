import { isArtifactKey } from '../../artifact-checks.ts'
import { ArtifactStoreError } from '../../store.ts'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

/** Where a bucket is, and how it is spoken to. */
export interface S3Location {
  bucket: string
  /** Start of every key, with a slash at its end; empty if the bucket belongs to Idem only. */
  prefix: string
  /** Origin of the server. */
  endpoint: string
  /** Origin that signed URLs name, where callers reach the server by another one. */
  publicEndpoint?: string
  region: string
  /** `path`: https://host/bucket/key; `virtual`: https://bucket.host/key. */
  style: 'path' | 'virtual'
  /** `x-amz-server-side-encryption` of every put: `AES256` or `aws:kms`. */
  encryption?: string
  kmsKeyId?: string
}

type Environment = Readonly<Record<string, string | undefined>>

const known = ['endpoint', 'public', 'region', 'style', 'sse', 'kmsKeyId']
const refuse = (message: string) => new ArtifactStoreError(`IDEM_STORAGE: ${message}`, { retryable: false })

const originOf = (name: string, url: string): string => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw refuse(`${name} is not a URL`)
  return new URL(url).origin
}

/**
 * `s3://bucket/prefix?endpoint=https://host:9000&public=https://s3.example.com&region=eu-west-1&style=path|virtual`, and
 * `sse=AES256|aws:kms`, `kmsKeyId=…`. `public` is what signed URLs name, where it is not the endpoint.
 * Without an endpoint it is AWS, with virtual hosts; with one, the bucket goes into the path. `AWS_REGION` and
 * `AWS_ENDPOINT_URL_S3` fill in what the URL leaves out.
 */
export const parseS3Url = (url: string, env: Environment = {}): S3Location => {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^?]*))?(?:\?(.*))?$/.exec(url)
  if (!match) throw refuse('not s3://bucket/prefix?…')
  const [, bucket = '', path = '', query = ''] = match
  const prefix = path.replace(/\/+$/, '')
  if (prefix !== '' && !isArtifactKey(prefix)) throw refuse(`not a prefix of keys: ${prefix}`)
  const params = new URLSearchParams(query)
  for (const name of params.keys()) if (!known.includes(name)) throw refuse(`unknown option ${name}`)

  const region = params.get('region') || env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1'
  const given = params.get('endpoint') || env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL
  const endpoint = given || `https://s3.${region}.amazonaws.com`
  const open = params.get('public') ?? undefined
  const style = params.get('style') ?? (given ? 'path' : 'virtual')
  if (style !== 'path' && style !== 'virtual') throw refuse(`style is path or virtual, not ${style}`)
  const encryption = params.get('sse') ?? undefined
  if (encryption !== undefined && encryption !== 'AES256' && encryption !== 'aws:kms') {
    throw refuse(`sse is AES256 or aws:kms, not ${encryption}`)
  }
  const kmsKeyId = params.get('kmsKeyId') ?? undefined
  return {
    bucket,
    prefix: prefix && `${prefix}/`,
    endpoint: originOf('the endpoint', endpoint),
    ...(open !== undefined && { publicEndpoint: originOf('public', open) }),
    region,
    style,
    encryption,
    kmsKeyId,
  }
}

/** The usual `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; undefined where they are not set. */
export const readS3Credentials = (env: Environment): S3Credentials | undefined => {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, sessionToken } : undefined
}
