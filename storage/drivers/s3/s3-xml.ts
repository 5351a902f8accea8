import { XMLParser } from 'fast-xml-parser'
import type { ListedArtifact } from '../../store.ts'

const parser = new XMLParser({
  parseTagValue: false,
  ignoreAttributes: true,
  isArray: (name) => ['Contents', 'Error', 'Deleted'].includes(name),
})

interface S3Error {
  Key?: string
  Code?: string
}

interface ListResult {
  IsTruncated?: string
  NextContinuationToken?: string
  Contents?: { Key: string; Size: string; LastModified: string }[]
}

const parse = (xml: string): Record<string, unknown> => {
  try {
    return parser.parse(xml) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** The code in an error document, `NoSuchKey`; undefined in anything else. */
export const s3ErrorCode = (xml: string): string | undefined => {
  const [error] = (parse(xml).Error ?? []) as S3Error[]
  return typeof error?.Code === 'string' && /^\w{1,64}$/.test(error.Code) ? error.Code : undefined
}

/** A page of ListObjectsV2; undefined if the document is not one. */
export const parseList = (xml: string): { artifacts: ListedArtifact[]; cursor?: string } | undefined => {
  const document = parse(xml)
  if (!('ListBucketResult' in document)) return undefined
  // An empty element is an empty text.
  const result = (document.ListBucketResult || {}) as ListResult
  const artifacts = (result.Contents ?? []).map(({ Key, Size, LastModified }) => ({
    key: Key,
    bytes: Number(Size),
    modifiedAt: new Date(LastModified),
  }))
  if (artifacts.some(({ key, bytes }) => !key || !Number.isSafeInteger(bytes))) return undefined
  if (result.IsTruncated !== 'true') return { artifacts }
  // A list that goes on nobody knows where would pass for a whole one.
  return result.NextContinuationToken ? { artifacts, cursor: result.NextContinuationToken } : undefined
}

/** Body of DeleteObjects. Keys hold nothing that XML would mark. */
export const deleteBody = (keys: readonly string[]): string =>
  `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')}</Delete>`

/** What DeleteObjects could not delete; undefined if the document is not its response. */
export const parseDelete = (xml: string): { key: string; code: string }[] | undefined => {
  const document = parse(xml)
  if (!('DeleteResult' in document)) return undefined
  const { Error: errors = [] } = (document.DeleteResult || {}) as { Error?: S3Error[] }
  return errors.map(({ Key = '', Code = 'unknown' }) => ({ key: Key, code: Code }))
}

/** `Enabled`, `Suspended` or empty; undefined if the document is not a response of GetBucketVersioning. */
export const parseVersioning = (xml: string): string | undefined => {
  const document = parse(xml)
  if (!('VersioningConfiguration' in document)) return undefined
  const { Status = '' } = (document.VersioningConfiguration || {}) as { Status?: string }
  return Status
}

export const parseUploadId = (xml: string): string | undefined => {
  const { InitiateMultipartUploadResult: result } = parse(xml) as {
    InitiateMultipartUploadResult?: { UploadId?: string }
  }
  return result?.UploadId || undefined
}

/** CompleteMultipartUpload answers 200 before it knows: only this document means that it worked. */
export const isCompleted = (xml: string): boolean => 'CompleteMultipartUploadResult' in parse(xml)

export const completeBody = (etags: readonly string[]): string =>
  `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${etags
    .map(
      (etag, index) =>
        `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</ETag></Part>`,
    )
    .join('')}</CompleteMultipartUpload>`
