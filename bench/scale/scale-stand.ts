import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { readStartConfig, type StartConfig } from '../../cli/config.ts'
import { startDevServer } from '../../cli/stack/dev-server.ts'
import { findTemporalCli } from '../../cli/stack/find-cli.ts'
import { startStack } from '../../cli/stack/stack.ts'
import { webhookWorkflowId } from '../../contracts/webhooks.ts'
import { pollUntil } from '../../lib/poll-until.ts'
import { projectDir } from '../../lib/project-dir.ts'
import { findVersitygw, startVersitygw } from '../../test/support/versitygw.ts'
import { startReceiver } from '../../test/support/webhook-receiver.ts'
import { readHistoryFacts } from './history-facts.ts'
import { parseServerCounters } from './server-metrics.ts'
import { startStorageProxy } from './storage-proxy.ts'

const namespace = 'default'
const bucket = 'idem'

/** Everything real, on this machine: Temporal, S3 behind a counting proxy, the API, workers for every queue, a webhook's receiver. */
export const startStand = async (log: (line: string) => void) => {
  const binary = await findVersitygw({ ci: true })
  const state = await mkdtemp(join(tmpdir(), 'idem-scale-'))
  const cli = await findTemporalCli({ cacheDir: join(projectDir, '.cache'), path: process.env.PATH ?? '' })
  const temporal = await startDevServer({ cli, dbFile: join(state, 'temporal.db') })
  const s3 = await startVersitygw(binary!, [bucket])
  const proxy = await startStorageProxy({ host: '127.0.0.1', port: s3.port })
  const receiver = await startReceiver()
  const connection = await Connection.connect({ address: temporal.address })
  const config = readStartConfig({
    ...process.env,
    IDEM_STATE: state,
    IDEM_PORT: '0',
    IDEM_TOKENS: '',
    IDEM_RATE_LIMIT: '0',
    IDEM_ALLOW_PRIVATE_NETWORK: '1',
    IDEM_EXECUTION_PROVIDER: 'cpu',
    IDEM_STORAGE: `s3://${bucket}?endpoint=${proxy.endpoint}&region=us-east-1`,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    TEMPORAL_ADDRESS: temporal.address,
  })
  const open = (scaleToZero?: StartConfig['scaleToZero']) =>
    startStack({ ...config, ...(scaleToZero && { scaleToZero }) }, log)
  let stack = await open()

  const facts = (workflowId: string) => {
    looks += 1
    return readHistoryFacts(connection, { namespace, workflowId })
  }
  let looks = 0
  const ended = async (workflowId: string): Promise<void> => {
    const look = () => {
      looks += 1
      return connection.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } })
    }
    await pollUntil(look, ({ workflowExecutionInfo }) => Boolean(workflowExecutionInfo?.closeTime), { everyMs: 100 })
  }

  const stop = async () => {
    await stack.stop()
    await connection.close()
    await Promise.all([proxy.close(), receiver.close(), s3.stop(), temporal.stop()])
    await rm(state, { recursive: true, force: true })
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().then(() => process.exit(130)))
  }

  return {
    storage: proxy,
    receiver,
    facts,
    /** What the server has counted, less the looks of this stand. */
    counters: async () => {
      const counters = parseServerCounters(await (await fetch(temporal.metricsUrl)).text())
      const describes = counters.frontend.get('DescribeWorkflowExecution') ?? 0
      return {
        ...counters,
        frontend: new Map(counters.frontend).set('DescribeWorkflowExecution', describes - looks),
      }
    },
    /** Starts a prediction and says its id. */
    create: async (input: object, webhook?: object): Promise<string> => {
      const answer = await fetch(`${stack.apiUrl}/v1/models/idem/arc2face/predictions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input, ...webhook }),
      })
      if (answer.status !== 201) throw new Error(`The API answered ${answer.status}: ${await answer.text()}`)
      return ((await answer.json()) as { id: string }).id
    },
    /** Until the prediction, and its webhook where it has one, have ended. */
    waitFor: async (id: string, webhook?: object): Promise<void> => {
      await ended(id)
      if (webhook) await ended(webhookWorkflowId(id))
    },
    webhookFacts: (id: string) => facts(webhookWorkflowId(id)),
    restart: async (scaleToZero?: StartConfig['scaleToZero']) => {
      await stack.stop()
      stack = await open(scaleToZero)
    },
    gpuIsUp: () => stack.workers.has('gpu'),
    stop,
  }
}

export type ScaleStand = Awaited<ReturnType<typeof startStand>>
