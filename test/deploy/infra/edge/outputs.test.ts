import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findVersitygw } from '../../../support/versitygw.ts'

// What is another way at the edge than in Node: files come from S3 itself, the codec server is always there.
process.env.IDEM_TEST_RUNTIME = 'edge'
const { photo, startApi } = await import('../../../support/test-api.ts')
const { makeToken } = await import('../../../../api/token-records.ts')

const s3 = await findVersitygw({ ci: Boolean(process.env.CI) })

describe.skipIf(!s3)('a prediction at the edge', () => {
  let api: Awaited<ReturnType<typeof startApi>>
  let token: string
  let operator: string
  beforeAll(async () => {
    const [user, reader] = [await makeToken('acme'), await makeToken('operator', { scope: 'operator' })]
    token = user.token
    operator = reader.token
    api = await startApi({ tokens: [user.record, reader.record] })
  })
  afterAll(() => api.stop())

  const make = () =>
    api.json(api.post({ input: { input_image: photo } }, { authorization: `Bearer ${token}`, prefer: 'wait' }))

  it('is waited for, and its images come from S3 by URLs that expire and cannot be changed', async () => {
    const { status, output } = await make()
    expect(status).toBe('succeeded')
    const [url] = output as string[]
    const whole = await fetch(url!)
    expect([whole.status, whole.headers.get('content-type'), await whole.text()]).toEqual([
      200,
      'image/png',
      'no image',
    ])
    const part = await fetch(url!, { headers: { range: 'bytes=3-7' } })
    expect([part.status, await part.text()]).toEqual([206, 'image'])
    expect(Number(new URL(url!).searchParams.get('X-Amz-Expires'))).toBeGreaterThan(0)
    expect((await fetch(url!.replace('output-0', 'output-1'))).status).toBe(403)
  })

  it('shows its payloads to operators alone', async () => {
    const { id } = await make()
    const { events } = await api.client.workflow.getHandle(id).fetchHistory()
    const [input] = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads!
    const toText = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64')
    const metadata = Object.fromEntries(Object.entries(input!.metadata!).map(([name, value]) => [name, toText(value)]))
    const decode = (by: string) =>
      api.request('/codec/decode', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${by}`,
          'x-namespace': api.namespace,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ payloads: [{ metadata, data: toText(input!.data) }] }),
      })
    const { payloads } = await api.json<{ payloads: { data: string }[] }>(decode(operator))
    expect(JSON.parse(Buffer.from(payloads[0]!.data, 'base64').toString())).toMatchObject({
      sealedFor: 'input of generateFaces',
      value: { predictionId: id },
    })
    expect((await decode(token)).status).toBe(401)
  })
})
