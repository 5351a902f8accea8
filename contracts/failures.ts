/**
 * Failure types: the `type` of every `ApplicationFailure` and of every error in a response. They are stable, so that
 * programs can branch on them. Messages are for people, details for programs.
 */
export const failures = {
  noFace: 'no_face',
  faceTooSmall: 'face_too_small',
  differentPeople: 'different_people',
  embeddingInvalid: 'embedding_invalid',
  photoUnreadable: 'photo_unreadable',
  photoUnsupported: 'photo_unsupported',
  photoTooLarge: 'photo_too_large',
  photoTooSmall: 'photo_too_small',
  photoUnreachable: 'photo_unreachable',
  addressRefused: 'address_refused',
  artifactMissing: 'artifact_missing',
  artifactUnreadable: 'artifact_unreadable',
  settingsInvalid: 'settings_invalid',
  diffusionDiverged: 'diffusion_diverged',
  artifactForeign: 'artifact_foreign',
  payloadRefused: 'payload_refused',
  dataRemoved: 'data_removed',
  storageUnavailable: 'storage_unavailable',
  outOfMemory: 'out_of_memory',
  bundleInvalid: 'bundle_invalid',
  providerMissing: 'provider_missing',
  deadlineExceeded: 'deadline_exceeded',
  stepTimedOut: 'step_timed_out',
  predictionMissing: 'prediction_missing',
  webhookUnreachable: 'webhook_unreachable',
  webhookRejected: 'webhook_rejected',
  webhookGone: 'webhook_gone',
  webhookGaveUp: 'webhook_gave_up',
  workerDraining: 'worker_draining',
  internal: 'internal',
} as const

export type FailureType = (typeof failures)[keyof typeof failures]
