import type { Connection } from '@temporalio/client'
import { temporal } from '@temporalio/proto'

const { TaskQueueKind, TaskQueueType, WorkerDeploymentVersionStatus } = temporal.api.enums.v1
const type = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY

/**
 * What KEDA's temporal scaler makes of a trigger, by the same calls to Temporal. The scaler itself, built from the source of
 * KEDA 2.21.0 and asked beside this one, said the same at every point of `scale-to-zero.test.ts`.
 */
export const askScaler = async (
  { workflowService }: Connection,
  metadata: Readonly<Record<string, string>>,
): Promise<{ backlog: number; active: boolean }> => {
  const { namespace, taskQueue, workerDeploymentName: deploymentName, workerDeploymentBuildId: buildId } = metadata
  let backlog = 0
  let counts = metadata.includeRunningWorkflowCount === 'true'
  let draining = false
  if (deploymentName) {
    const described = await workflowService.describeWorkerDeploymentVersion({
      namespace,
      deploymentVersion: { deploymentName, buildId },
      reportTaskQueueStats: true,
    })
    for (const queue of described.versionTaskQueues) {
      if (queue.name === taskQueue && queue.type === type) backlog += Number(queue.stats?.approximateBacklogCount ?? 0)
    }
    const status = described.workerDeploymentVersionInfo?.status
    const statuses = WorkerDeploymentVersionStatus
    draining = counts && status === statuses.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING
    counts &&=
      status === statuses.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT ||
      status === statuses.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING
  } else {
    const described = await workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue, kind: TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
      taskQueueType: type,
      reportStats: true,
    })
    backlog = Number(described.stats?.approximateBacklogCount ?? 0)
  }
  const waiting = backlog > Number(metadata.activationTargetQueueSize)
  if (waiting || draining || !counts) return { backlog, active: waiting || draining }
  const version = deploymentName ? `= '${deploymentName}:${buildId}'` : 'is null'
  const { count } = await workflowService.countWorkflowExecutions({
    namespace,
    query: `ExecutionStatus = 'Running' AND TaskQueue = '${metadata.workflowTaskQueueForCount}' AND TemporalWorkerDeploymentVersion ${version}`,
  })
  return { backlog, active: Number(count) > 0 }
}
