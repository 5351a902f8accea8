import { fileURLToPath } from 'node:url'
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common'
import { seal } from '../../lib/crypto/aes-gcm.ts'
import type { KeyRing } from '../../lib/crypto/key-ring.ts'
import { encodePayload } from '../../temporal/payload-bytes.ts'
import { createPayloadViewer } from '../../temporal/payload-codec.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** Payloads as they were before they were bound to a place: to key and namespace only. */
const createEarlierCodec = (ring: KeyRing, namespace: string): PayloadCodec => ({
  ...createPayloadViewer(ring, { namespace }),
  encode: (payloads) =>
    Promise.all(
      payloads.map(async ({ metadata, data }): Promise<Payload> => {
        const id = ring.activeId
        const plain = encodePayload({ metadata: metadata ?? {}, data: data ?? new Uint8Array() })
        return {
          metadata: { encoding: bytes('binary/encrypted'), 'encryption-key-id': bytes(id) },
          data: await seal(await ring.key(id, 'payload'), plain, `idem-payload/1\n${id}\n${namespace}`),
        }
      }),
    ),
})

/** What clients and workers of an earlier release wrote with. */
export const createEarlierConverter = (ring: KeyRing, namespace: string): DataConverter => ({
  payloadCodecs: [createEarlierCodec(ring, namespace)],
  failureConverterPath: fileURLToPath(new URL('../../temporal/failure-converter.cjs', import.meta.url)),
})
