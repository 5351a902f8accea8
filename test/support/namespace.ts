import { randomBytes } from 'node:crypto'
import { Client, type Connection } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { inject } from 'vitest'
import type { AcceptedPayloads } from '../../lib/accepted-payloads.ts'
import type { KeyRing } from '../../lib/crypto/key-ring.ts'
import { toHex } from '../../lib/hex.ts'
import { retry } from '../../lib/retry.ts'
import { createDataConverter } from '../../temporal/data-converter.ts'
import { addSearchAttributes, missingSearchAttributes } from '../../temporal/register-search-attributes.ts'
import { sealWorkers } from '../../temporal/seal-workers.ts'

const retentionSeconds = 24 * 3600

/** A namespace of its own on the shared server, so that a test may use the real names of queues. */
export const createNamespace = async (connection: Connection): Promise<string> => {
  const namespace = `test-${toHex(randomBytes(6))}`
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: retentionSeconds as never },
  })
  // A new namespace takes a few seconds to be known to every part of the server.
  await retry(
    () => missingSearchAttributes(connection, namespace).then((all) => addSearchAttributes(connection, namespace, all)),
    { giveUpAfterMs: 30_000, delayMs: () => 250 },
  )
  return namespace
}

/** A client that encrypts as the API's does. */
export const createTestClient = (
  connection: Connection,
  namespace: string,
  keyRing: KeyRing,
  accept: AcceptedPayloads = 'sealed',
): Client => new Client({ connection, namespace, dataConverter: createDataConverter(keyRing, { namespace, accept }) })

let runtime = false

/** A worker of one queue with the activities given, running until `stop`. It seals what it writes, as ours do. */
export const runWorker = async (options: {
  namespace: string
  taskQueue: string
  keyRing: KeyRing
  accept?: AcceptedPayloads
  workflowsPath?: string
  activities?: object
  maxConcurrentActivityTaskExecutions?: number
}) => {
  if (!runtime) Runtime.install({ logger: new DefaultLogger('ERROR') })
  runtime = true
  const { keyRing, accept = 'sealed', ...rest } = options
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
  const worker = await Worker.create({
    ...rest,
    connection,
    interceptors: sealWorkers(accept),
    dataConverter: createDataConverter(keyRing, { namespace: options.namespace, accept }),
    shutdownForceTime: '2 seconds',
  })
  const running = worker.run()
  return {
    stop: async () => {
      worker.shutdown()
      await running
      await connection.close()
    },
  }
}
