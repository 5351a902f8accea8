import { createS3Client, type S3ClientOptions } from './s3-client.ts'
import { parseVersioning } from './s3-xml.ts'

/** Whether a bucket keeps what is overwritten and deleted in it; `unknown` if the server does not say. */
export const readVersioning = async (options: S3ClientOptions): Promise<'yes' | 'no' | 'unknown'> => {
  const { request } = createS3Client({ attempts: 2, ...options })
  const asked = { attempt: 'ask whether the bucket keeps versions', method: 'GET', query: { versioning: '' } } as const
  // Not every server knows the question, and not every policy allows it.
  const answer = await request({ ...asked, expect: [400, 403, 404, 405, 501] })
  const text = await answer.text()
  if (!answer.ok) return 'unknown'
  const status = parseVersioning(text)
  if (status === undefined) return 'unknown'
  return status === 'Enabled' ? 'yes' : 'no'
}
