import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import { openFor, type Purpose, sealFor } from '../contracts/sealed-value.ts'
import { isAbout } from '../contracts/workflow-ids.ts'
import { openOrRefuse, refusePayload } from './refuse-payload.ts'
import type { SealOptions } from './seal-workflows.ts'

/** Opens what a step is given, and seals its answer and its heartbeats: each for its purpose and its tenant. */
export const sealActivities =
  ({ acceptBare }: SealOptions): ActivityInterceptorsFactory =>
  (context) => {
    const { info } = context
    const { activityType, workflowExecution } = info
    const open = (purpose: Purpose, value: unknown) => openOrRefuse(() => openFor(purpose, value, { acceptBare }))

    const openArguments = (args: unknown[]) => {
      const [first] = args
      // Earlier releases passed arguments as they are, not as one list.
      const sealed = open(`arguments of ${activityType}`, first)
      const values = sealed.value === first ? args : (sealed.value as unknown[])
      const { predictionId } = (values[0] ?? {}) as { predictionId?: unknown }
      const workflowId = workflowExecution?.workflowId ?? ''
      if (typeof predictionId === 'string' && !isAbout(workflowId, predictionId)) {
        throw refusePayload('The arguments are about another prediction')
      }
      return { tenant: sealed.tenant, values }
    }

    return {
      inbound: {
        execute: async (input, next) => {
          const { tenant, values } = openArguments(input.args)
          // The SDK has no interceptor of heartbeats.
          const { heartbeat } = context
          Object.defineProperty(context, 'heartbeat', {
            configurable: true,
            value: (details?: unknown) => heartbeat(sealFor(`progress of ${activityType}`, tenant, details)),
          })
          if (info.heartbeatDetails !== undefined) {
            const { value } = open(`progress of ${activityType}`, info.heartbeatDetails)
            Object.defineProperty(info, 'heartbeatDetails', { value })
          }
          const answer = await next({ ...input, args: values })
          return sealFor(`answer of ${activityType}`, tenant, answer)
        },
      },
    }
  }
