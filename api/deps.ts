import type { SigningKey } from '../lib/crypto/hmac.ts'
import type { PublishedFiles } from '../storage/published-files.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import type { Orchestrator } from '../temporal/orchestrator.ts'
import type { BundleInfo } from './models/bundle-info.ts'
import type { Model } from './models/define-model.ts'

/** What an entry point hands to the routes. */
export interface ApiDeps {
  orchestrator: Orchestrator
  store: SealedStore
  /** What signed URLs hand out. */
  published: PublishedFiles
  bundle: BundleInfo
  models: readonly Model[]
  /** Base of the URLs in answers, without a trailing slash. */
  publicUrl: string
  /** Base of the Temporal UI, without a trailing slash. */
  temporalUiUrl: string
  /** For URLs of files and streams: the first one signs, all of them verify. */
  urlSigningKeys: readonly SigningKey[]
  /** `whsec_…`, newest first. */
  webhookSecrets: readonly string[]
  /** How long photos, vectors and images are kept after the end, unless a request asks for less. */
  retentionMs: number
  /** Whether streams of one prediction share one watch; not where requests may not wait for each other's I/O. */
  sharedWatch?: boolean
  /** Predictions of one tenant that may run at a time; no bound where absent. */
  maxRunning?: number
}

export interface ApiEnv {
  Variables: {
    requestId: string
    /** Who asks. */
    tenant: string
    /** The prediction that is made or asked for, for the log. */
    predictionId?: string
  }
}
