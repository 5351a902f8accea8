import { type ActivityInterfaceFor, type ActivityOptions, proxyActivities } from '@temporalio/workflow'
import { type outboundQueue, queues } from '../contracts/queues.ts'
import { type StepName, steps } from '../contracts/steps.ts'
import { stepRetry } from './step-retry.ts'

type Steps<A> = { [N in keyof A]: N extends StepName ? A[N] : never }

/**
 * `proxyActivities` for steps: the table of steps says on which queue each of them runs, and a step that is not in the
 * table is a type error. A step that waits for strangers' servers may be given the queue for that.
 *
 * @example
 * const { findFace } = proxySteps<ReturnType<typeof createFindFace>>({ startToCloseTimeout: '2 minutes' })
 */
export const proxySteps = <A extends Steps<A>>(
  options: Omit<ActivityOptions, 'taskQueue' | 'retry'>,
  taskQueue?: typeof outboundQueue,
): ActivityInterfaceFor<A> =>
  new Proxy(
    {},
    {
      get: (_, name: StepName) =>
        proxyActivities({ ...options, retry: stepRetry, taskQueue: taskQueue ?? queues[steps[name].queue] })[name],
    },
  ) as ActivityInterfaceFor<A>
