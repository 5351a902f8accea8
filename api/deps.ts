import type { ArtifactStore } from '../contracts/artifacts.ts'
import type { ModelInfo } from './model.ts'
import type { Orchestrator } from './orchestrator.ts'

/** What an entry point hands to the app. */
export interface ApiDeps {
  orchestrator: Orchestrator
  store: ArtifactStore
  model: ModelInfo
  /** Base of the URLs in answers, without a trailing slash. */
  publicUrl: string
  /** Base of the Temporal UI, without a trailing slash. */
  temporalUiUrl: string
  /** Signs and checks file URLs. */
  urlSigningKey: Uint8Array
}

export interface ApiEnv {
  Variables: {
    requestId: string
    /** Who asks. */
    tenant: string
  }
}
