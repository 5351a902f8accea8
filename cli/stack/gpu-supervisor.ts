import { Connection } from '@temporalio/client'
import { readTemporalConfig } from '../../api/config.ts'
import { queues } from '../../contracts/queues.ts'
import { readQueueState } from '../../temporal/queue-state.ts'
import { type Supervisor, type SupervisorOptions, superviseWorker } from './supervisor.ts'

export interface GpuSupervisorOptions extends Pick<SupervisorOptions, 'startWorker' | 'onWorker' | 'log'> {
  temporalAddress: string
}

/** Runs the worker of the gpu queue only while diffusions are queued or running. */
export const superviseGpu = ({ temporalAddress, ...options }: GpuSupervisorOptions): Supervisor => {
  const { connectionOptions, namespace } = readTemporalConfig()
  const connection = Connection.lazy({ ...connectionOptions, address: temporalAddress })
  const supervisor = superviseWorker({
    name: 'gpu',
    readQueue: () => readQueueState(connection, { namespace, queue: queues.gpu, kind: 'activity' }),
    ...options,
  })
  return {
    stop: async () => {
      await supervisor.stop()
      await connection.close()
    },
  }
}
