import { fileURLToPath } from 'node:url'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import type { AcceptedPayloads } from '../lib/accepted-payloads.ts'
import { sealActivities } from './seal-activities.ts'

const strict = fileURLToPath(new URL('./workflow-seals.ts', import.meta.url))
const migrating = fileURLToPath(new URL('./workflow-seals-migrating.ts', import.meta.url))

/**
 * For every worker: what its workflows and steps are given is opened only for them, and what they hand on is sealed for the
 * one who takes it. Beside the payload codec, which binds payloads to workflow and step, this binds them to tenant and type.
 *
 * @example
 * Worker.create({ …, interceptors: sealWorkers('sealed') })
 */
export const sealWorkers = (
  accept: AcceptedPayloads,
): { workflowModules: string[]; activity: ActivityInterceptorsFactory[] } => ({
  workflowModules: [accept === 'sealed' ? strict : migrating],
  activity: [sealActivities({ acceptBare: accept !== 'sealed' })],
})
