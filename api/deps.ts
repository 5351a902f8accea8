import type { UrlHolder } from '../contracts/url-holder.ts'
import type { SigningKey } from '../lib/crypto/hmac.ts'
import type { PublishedFiles } from '../storage/published-files.ts'
import type { SealedStore } from '../storage/sealed-store.ts'
import type { Orchestrator } from '../temporal/orchestrator.ts'
import type { TenantOf } from './access.ts'
import type { Caller } from './caller.ts'
import type { BundleInfo } from './models/bundle-info.ts'
import type { Model } from './models/define-model.ts'
import type { Problem } from './problem.ts'
import type { TenantLimits } from './tenant-limits.ts'

/** Dependencies of the routes, passed in by an entry point. */
export interface ApiDeps {
  orchestrator: Orchestrator
  store: SealedStore
  /** The files that signed URLs serve. */
  published: PublishedFiles
  bundle: BundleInfo
  models: readonly Model[]
  /** Base of the URLs in responses, without a trailing slash. */
  publicUrl: string
  /** Base of the Temporal UI, without a trailing slash. */
  temporalUiUrl: string
  /** Keys for the URLs of files and streams. The first one signs; all of them verify. */
  urlSigningKeys: readonly SigningKey[]
  /** The tenant of signed URLs and of what stays open, as long as their token exists. */
  tenantOf: TenantOf
  /** `whsec_…`, newest first. */
  webhookSecrets: readonly string[]
  /** How long photos, vectors and images are kept after a prediction ends, unless a request asks for less. */
  retentionMs: number
  /** Whether the streams of a prediction share one watch. Must be false if requests cannot await each other's I/O. */
  sharedWatch?: boolean
  /** What each tenant may have. */
  limits: TenantLimits
}

export interface ApiEnv {
  Variables: {
    requestId: string
    /** When the request arrived, on the clock of `performance.now()`. */
    arrivedAt: number
    /** Who sent the request. */
    caller: Caller
    /** Why the request has no tenant, if it has none. */
    refusal?: Problem
    /** The tenant that sent the request. */
    tenant: string
    /** Whose the signed URLs in the response are. */
    holder: UrlHolder
    /** The published file that the request's signed URL opens. */
    signedKey?: string
    /** The prediction that the request is about, for the log. */
    predictionId?: string
  }
}
