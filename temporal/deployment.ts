import type { WorkflowService } from '@temporalio/client'
import type { WorkerOptions } from '@temporalio/worker'
import { undefinedIf } from '../lib/undefined-if.ts'
import { isNotFound } from './grpc-call.ts'

/** What Temporal calls all workers of this service together. */
export const deploymentName = 'idem'

/**
 * With a build id a workflow stays on workers of the build that it began on, until it ends, and new ones begin on the
 * build that the operator has made current. Without one, any worker takes any task.
 */
export const deploymentOptions = (buildId: string | undefined): Pick<WorkerOptions, 'workerDeploymentOptions'> =>
  buildId === undefined
    ? {}
    : {
        workerDeploymentOptions: {
          version: { deploymentName, buildId },
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'PINNED',
        },
      }

/** The build that new workflows begin on; undefined if none has been made current. */
export const readCurrentBuild = async (service: WorkflowService, namespace: string): Promise<string | undefined> => {
  // Not found as long as no worker of any build has polled.
  const found = await undefinedIf(isNotFound, () => service.describeWorkerDeployment({ namespace, deploymentName }))
  return found?.workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId || undefined
}

/** How an operator makes a build current. The server refuses while a queue of the one before has no worker of this one. */
export const currentBuildCommand = (namespace: string, buildId: string): string =>
  `temporal worker deployment set-current-version --namespace ${namespace} --deployment-name ${deploymentName} --build-id ${buildId}`

/** Says so where a build gets no new workflows yet: they would wait for it without a word. */
export const warnUnlessCurrent = async (
  service: WorkflowService,
  { namespace, buildId }: { namespace: string; buildId: string },
  log: (line: string) => void,
): Promise<void> => {
  try {
    if ((await readCurrentBuild(service, namespace)) === buildId) return
    log(`build ${buildId} gets no new workflows until it is current: ${currentBuildCommand(namespace, buildId)}`)
  } catch (error) {
    log(`cannot tell whether build ${buildId} is current: ${(error as Error).message}`)
  }
}
