import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { findPythonClients } from '../support/python-clients.ts'
import { startTestStack, type TestStack } from '../support/test-stack.ts'
import { startTlsProxy } from '../support/tls-proxy.ts'
import { startReceiver } from '../support/webhook-receiver.ts'

const python = await findPythonClients({ ci: Boolean(process.env.CI) })

describe.skipIf(!python)("Replicate's client for Python", () => {
  let front: Awaited<ReturnType<typeof startTlsProxy>>
  let stack: TestStack
  let certFile: string

  /** Runs one of the functions in `python_clients.py`; gives what it prints. */
  const run = async (check: string, args: readonly string[] = [], input = ''): Promise<string> => {
    const child = spawn(python!.path, [join(import.meta.dirname, 'python_clients.py'), check, ...args], {
      env: {
        ...process.env,
        ...python!.env,
        REPLICATE_BASE_URL: front.url,
        REPLICATE_API_TOKEN: stack.tokens.acme,
        REPLICATE_POLL_INTERVAL: '0.1',
        SSL_CERT_FILE: certFile,
        NO_PROXY: '*',
      },
    })
    child.stdin.end(input)
    const [printed, problems, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ])
    if (code !== 0) throw new Error(`${check} exited with ${code}\n${problems}`)
    return printed.trim()
  }

  beforeAll(async () => {
    // It takes outputs for files where their URLs are https: alone.
    front = await startTlsProxy()
    certFile = join(tmpdir(), `idem-front-${process.pid}.pem`)
    await writeFile(certFile, front.cert)
    stack = await startTestStack({ tenants: ['acme'], env: { IDEM_PUBLIC_URL: front.url } })
    front.target = stack.apiUrl
  })
  afterAll(async () => {
    await stack?.stop()
    await front?.close()
  })

  it.each([
    ['run_uploads_a_file', 'uploads a photo, runs a model, and reads outputs that need no token'],
    ['run_sends_a_data_uri', 'sends a photo as a data: URI'],
    ['run_takes_a_version', 'runs a version, and models whose output is no file'],
    ['run_without_blocking', 'runs a model without a wait in the request'],
    ['run_asynchronously', 'runs models side by side'],
    ['predictions', 'makes, reads and waits for predictions, by version and by model'],
    ['cancel', 'cancels a prediction that runs'],
    ['lists', 'lists predictions, page by page'],
    ['models', 'reads models, their versions and schemas'],
    ['files', 'uploads, finds and deletes files'],
    ['streams', 'streams logs and outputs'],
    ['erasure', 'finds nothing of a prediction that was erased'],
    ['errors', 'raises what it raises at Replicate'],
  ])('%s: %s', async (check) => {
    await run(check)
  })

  it('validates a delivery to a webhook, as Standard Webhooks for Python does', async () => {
    const receiver = await startReceiver()
    const id = await run('start_with_webhook', [receiver.url])
    await eventually(() => expect(receiver.deliveries).toHaveLength(2))
    for (const { headers, body } of receiver.deliveries) {
      await run('validate_webhook', [id], JSON.stringify({ headers, body }))
    }
    await receiver.close()
  })
})
