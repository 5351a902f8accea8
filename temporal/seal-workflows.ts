import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { log, type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow'
import { openFor, type Purpose, sealFor } from '../contracts/sealed-value.ts'
import { isAbout } from '../contracts/workflow-ids.ts'
import { openOrRefuse, refusePayload } from './refuse-payload.ts'

// Runs in workflows, beside them. It adds no promise before the work has ended: one would change the order of commands,
// and predictions that are under way could not be replayed.

const tenantKey = defineSearchAttributeKey('IdemTenant', SearchAttributeType.KEYWORD)

/** What an earlier release wrote beside an input that does not say whose it is. */
const tenantOfEarlier = (memo: Record<string, unknown> | undefined): string | undefined =>
  typeof memo?.tenant === 'string' ? memo.tenant : undefined

export interface SealOptions {
  /** Whether values are accepted that an earlier release sealed for no purpose. */
  readonly acceptBare: boolean
}

/** Opens what a workflow is given, and seals what it hands on: each value for its purpose and its tenant. */
export const sealWorkflows = ({ acceptBare }: SealOptions): WorkflowInterceptors => {
  let tenant: string | undefined
  const open = (purpose: Purpose, value: unknown) => openOrRefuse(() => openFor(purpose, value, { acceptBare }))

  const openInput = (sealed: unknown): unknown => {
    const { workflowId, workflowType, memo, typedSearchAttributes } = workflowInfo()
    const input = open(`input of ${workflowType}`, sealed)
    tenant = input.tenant ?? (acceptBare ? tenantOfEarlier(memo) : undefined)
    const { predictionId } = (input.value ?? {}) as { predictionId?: unknown }
    if (typeof predictionId === 'string' && !isAbout(workflowId, predictionId)) {
      throw refusePayload('The input is about another prediction')
    }
    const named = typedSearchAttributes.get(tenantKey)
    if (tenant !== undefined && named !== undefined && named !== tenant)
      throw refusePayload("The input is another tenant's")
    if (memo?.idem !== undefined)
      openOrRefuse(() => openFor(`memo of ${workflowType}`, memo.idem, { acceptBare, tenant }))
    return input.value
  }

  return {
    inbound: [
      {
        execute: (input, next) => {
          let value: unknown
          try {
            value = openInput(input.args[0])
          } catch (error) {
            return Promise.reject(error)
          }
          const { workflowType } = workflowInfo()
          return next({ ...input, args: [value] }).then((result) =>
            sealFor(`result of ${workflowType}`, tenant, result),
          )
        },
        handleSignal: (input, next) => {
          try {
            const { value } = openFor(`signal ${input.signalName}`, input.args[0], { acceptBare })
            return next({ ...input, args: [value] })
          } catch (error) {
            // Failing for it would end the workflow.
            log.warn('A signal was refused', { signal: input.signalName, error })
            return Promise.resolve()
          }
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) =>
          next({
            ...input,
            args: [sealFor(`arguments of ${input.activityType}`, tenant, input.args)],
            typeInfo: {
              outputType: {
                transferTypeConverter: {
                  toTransferType: (value) => value,
                  fromTransferType: (answer) => open(`answer of ${input.activityType}`, answer).value,
                },
              },
            },
          }),
        startChildWorkflowExecution: (input, next) =>
          next({
            ...input,
            options: {
              ...input.options,
              args: [sealFor(`input of ${input.workflowType}`, tenant, input.options.args[0])],
            },
          }),
        signalWorkflow: (input, next) =>
          next({ ...input, args: [sealFor(`signal ${input.signalName}`, tenant, input.args[0])] }),
        continueAsNew: (input, next) =>
          next({ ...input, args: [sealFor(`input of ${input.options.workflowType}`, tenant, input.args[0])] }),
      },
    ],
  }
}
