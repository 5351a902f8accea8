import { describe, it } from 'vitest'
import { findVersitygw } from '../../../support/versitygw.ts'

// The API's own tests once more: what they start is the edge bundle in workerd, with S3 and Temporal's HTTP API. What
// does not apply there is skipped where it stands, and listed in docs/edge.md.
process.env.IDEM_TEST_RUNTIME = 'edge'

const s3 = await findVersitygw({ ci: Boolean(process.env.CI) })

describe.skipIf(!s3)('at the edge', () => {
  if (!s3) return void it('needs an S3 server')
  describe('app', () => import('../../../temporal/api/app.test.ts') as never)
  describe('access', () => import('../../../temporal/api/access.test.ts') as never)
  describe('list', () => import('../../../temporal/api/list.test.ts') as never)
  describe('resources', () => import('../../../temporal/api/resources.test.ts') as never)
  describe('stream', () => import('../../../temporal/api/stream.test.ts') as never)
})
