import { fileURLToPath } from 'node:url'
import type { DataConverter } from '@temporalio/common'
import type { KeyRing } from '../lib/crypto/key-ring.ts'
import { createPayloadCodec, type PayloadCodecOptions } from './payload-codec.ts'

/** For every client and worker alike: payloads, failure messages and stack traces encrypted, so that Temporal sees none. */
export const createDataConverter = (ring: KeyRing, options: PayloadCodecOptions): DataConverter => ({
  payloadCodecs: [createPayloadCodec(ring, options)],
  failureConverterPath: fileURLToPath(new URL('./failure-converter.cjs', import.meta.url)),
})
