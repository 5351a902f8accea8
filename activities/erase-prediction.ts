import { webhookWorkflowId } from '../contracts/webhooks.ts'
import { pollUntil } from '../lib/poll-until.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import type { PredictionAdmin } from '../temporal/prediction-admin.ts'
import { destroyPrediction } from './shared/artifacts.ts'
import { listDerived } from './shared/derived.ts'

export interface ErasePredictionDeps {
  store: SealedStore
  admin: PredictionAdmin
}

export interface DestroyArtifactsInput {
  predictionId: string
  /** Erasures that an earlier release started do not say it. */
  tenant?: string
}

export interface DestroyedArtifacts {
  artifacts: string[]
  /** Answers of earlier workers lack these. */
  derived?: string[]
  keysApart?: boolean
}

/** A canceled prediction frees its device within a step; one whose worker is gone takes longer. */
const endWait = { everyMs: 100, timeoutMs: 30_000 }

export const createErasePrediction = ({ store, admin }: ErasePredictionDeps) => {
  return {
    /** Cancels a prediction, waits for its end, and ends it by force where that does not come. */
    async endPrediction({ predictionId }: { predictionId: string }): Promise<{ canceled: boolean }> {
      if (!(await admin.standing(predictionId))?.running) return { canceled: false }
      await admin.cancel(predictionId)
      const standing = await pollUntil(
        () => admin.standing(predictionId),
        (now) => !now?.running,
        endWait,
      )
      if (standing?.running) await admin.terminate(predictionId, 'Erased')
      return { canceled: true }
    },

    /** Destroys key and artifacts, and lists the predictions that have a copy of the vector. */
    async destroyArtifacts({ predictionId, tenant }: DestroyArtifactsInput): Promise<DestroyedArtifacts> {
      const artifacts = await destroyPrediction(store, predictionId)
      // Only now that the key is gone: whoever has read the vector before is recorded.
      const derived = tenant === undefined ? [] : await listDerived(store, tenant, predictionId)
      return { artifacts, derived, keysApart: store.keysApart }
    },

    /** Deletes the histories of the prediction and of its webhook's delivery, and waits until they are gone. */
    async deleteHistories({ predictionId }: { predictionId: string }): Promise<{ histories: string[] }> {
      const histories: string[] = []
      for (const id of [webhookWorkflowId(predictionId), predictionId]) {
        const latest = await admin.standing(id)
        if (latest?.running) await admin.terminate(id, 'Erased')
        // The list is late: what has begun just now may be missing in it, and what is deleted still be there.
        const runs = new Set([...(latest ? [latest.runId] : []), ...(await admin.runs(id))])
        for (const runId of runs) await admin.deleteRun(id, runId)
        for (const runId of runs) {
          const left = await pollUntil(
            () => admin.standing(id, runId),
            (now) => now === undefined,
            endWait,
          )
          if (left) throw new Error(`The history of ${id} is not deleted yet`)
        }
        if (runs.size === 0) continue
        histories.push(id)
      }
      return { histories }
    },
  }
}
