import type { Connection } from '@temporalio/client'
import proto from '@temporalio/proto'

export interface QueuePoller {
  identity: string
  /** Of its last poll; one that is alive polls once a minute at least. */
  lastSeenAt: Date
}

export interface QueueState {
  /**
   * Tasks that wait for a worker. One that waits for its retry is not among them until the retry is due; one that is done
   * may be for some seconds.
   */
  backlog: number
  /** The server remembers those that are gone for some minutes. */
  pollers: readonly QueuePoller[]
}

/** An idle worker polls at least this often, so that one that was seen longer ago is gone. */
const pollerLifeMs = 70_000

export const isLive = ({ lastSeenAt }: QueuePoller): boolean => Date.now() - lastSeenAt.getTime() < pollerLifeMs

const { TASK_QUEUE_TYPE_ACTIVITY, TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType

/** What Temporal says of the activity or workflow tasks of a queue. */
export const readQueueState = async (
  connection: Connection,
  { namespace, queue, kind }: { namespace: string; queue: string; kind: 'activity' | 'workflow' },
): Promise<QueueState> => {
  const { stats, pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: kind === 'activity' ? TASK_QUEUE_TYPE_ACTIVITY : TASK_QUEUE_TYPE_WORKFLOW,
    reportStats: true,
  })
  return {
    backlog: Number(stats?.approximateBacklogCount ?? 0),
    pollers: pollers.map(({ identity, lastAccessTime }) => ({
      identity: identity ?? '',
      lastSeenAt: new Date(Number(lastAccessTime?.seconds ?? 0) * 1000),
    })),
  }
}
