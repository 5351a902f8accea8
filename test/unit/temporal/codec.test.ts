import type { Payload, SerializationContext } from '@temporalio/common'
import { temporal } from '@temporalio/proto'
import { describe, expect, it } from 'vitest'
import type { AcceptedPayloads } from '../../../lib/accepted-payloads.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { seal, unseal } from '../../../lib/crypto/aes-gcm.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { decodePayload, encodePayload } from '../../../temporal/payload-bytes.ts'
import { createPayloadCodec, createPayloadViewer } from '../../../temporal/payload-codec.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const fromHex = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const keyText = (fill: number) => toBase64(new Uint8Array(32).fill(fill))
const namespace = 'default'
const codecOf = (keys: string, space = namespace) => createPayloadCodec(parseKeyRing(keys), { namespace: space })

const payload = (text: string): Payload => ({ metadata: { encoding: bytes('json/plain') }, data: bytes(text) })
const plain = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, [...value]])),
  data: [...(data ?? [])],
})
const contains = (haystack: Payload, needle: string) =>
  Buffer.from(temporal.api.common.v1.Payload.encode(haystack).finish()).includes(needle)

const old = `old:${keyText(1)}`
const fresh = `new:${keyText(2)}`
const workflow: SerializationContext = { type: 'workflow', namespace, workflowId: 'p1' }
const step: SerializationContext = { type: 'activity', namespace, workflowId: 'p1', activityId: '1', isLocal: false }
const migrating = (accept: AcceptedPayloads) => createPayloadCodec(parseKeyRing(fresh), { namespace, accept })
const placeNameOf = ({ metadata }: Payload) => metadata!['sealed-for']!

/** As payloads were before they were bound to a place. */
const sealedByEarlierRelease = async ({ metadata, data }: Payload): Promise<Payload> => {
  const key = await parseKeyRing(fresh).key('new', 'payload')
  return {
    metadata: { encoding: bytes('binary/encrypted'), 'encryption-key-id': bytes('new') },
    data: await seal(key, encodePayload({ metadata: metadata!, data: data! }), `idem-payload/1\nnew\n${namespace}`),
  }
}

describe('the payload codec', () => {
  it('gives back what it was given, and shows none of it', async () => {
    const codec = codecOf(fresh)
    const payloads = [payload('"https://photos.test/me.jpg"'), payload(''), { metadata: null, data: null }, {}]
    const encoded = await codec.encode(payloads)
    expect(contains(encoded[0]!, 'photos')).toBe(false)
    expect(contains(encoded[0]!, 'json/plain')).toBe(false)
    const decoded = await codec.decode(encoded)
    expect(decoded.map(plain)).toEqual(payloads.map(plain))
  })

  it('lets the one word pass that the server itself writes, and no other', async () => {
    const word = payload('"ACTIVITY_ID_NOT_STARTED"')
    expect(await codecOf(fresh).decode([word], step)).toEqual([word])
    const other = payload('"ACTIVITY_ID_NOT_STARTED!"')
    await expect(codecOf(fresh).decode([other], step)).rejects.toMatchObject({ problem: 'unencrypted' })
  })

  it('keeps any metadata and a megabyte of data', async () => {
    const data = crypto.getRandomValues(new Uint8Array(65_536))
    const big = {
      metadata: { encoding: bytes('x'), 'ключ-é': bytes('value'), empty: bytes('') },
      data: new Uint8Array(1 << 20).fill(7),
    }
    big.data.set(data)
    const [decoded] = await codecOf(fresh).decode(await codecOf(fresh).encode([big]))
    expect(Object.keys(decoded!.metadata!)).toEqual(Object.keys(big.metadata))
    expect(Buffer.compare(decoded!.data!, big.data)).toBe(0)
  })

  it('never encrypts the same payload to the same bytes', async () => {
    const encoded = await codecOf(fresh).encode(Array.from({ length: 50 }, () => payload('same')))
    expect(new Set(encoded.map(({ data }) => Buffer.from(data!).toString('hex'))).size).toBe(50)
    expect(new Set(encoded.map(({ data }) => Buffer.from(data!.subarray(0, 12)).toString('hex'))).size).toBe(50)
  })

  it('refuses what is not encrypted, unless a migration accepts it', async () => {
    const refused = { name: 'EncryptionError', problem: 'unencrypted' }
    await expect(codecOf(fresh).decode([payload('plain')], workflow)).rejects.toMatchObject(refused)
    await expect(migrating('unbound').decode([payload('plain')], workflow)).rejects.toMatchObject(refused)
    expect(await migrating('plaintext').decode([payload('plain')], workflow)).toEqual([payload('plain')])
  })

  it('refuses what an earlier release encrypted for no place, unless a migration accepts it', async () => {
    const old = await sealedByEarlierRelease(payload('old'))
    const refused = { name: 'EncryptionError', problem: 'unbound', message: /IDEM_ACCEPT_OLD_PAYLOADS/ }
    await expect(codecOf(fresh).decode([old], workflow)).rejects.toMatchObject(refused)
    for (const accept of ['unbound', 'plaintext'] as const) {
      expect((await migrating(accept).decode([old], workflow)).map(plain)).toEqual([plain(payload('old'))])
    }
  })

  it.each<[string, SerializationContext | undefined]>([
    ['another workflow', { ...workflow, workflowId: 'p2' }],
    ['a step of the same workflow', step],
    ['no workflow', undefined],
  ])('does not decode in the place of %s', async (_, other) => {
    const [encoded] = await codecOf(fresh).encode([payload('x')], workflow)
    const refused = { name: 'EncryptionError', problem: 'misplaced' }
    await expect(codecOf(fresh).decode([encoded!], other)).rejects.toMatchObject(refused)
    // Not by a lie about the place either, nor as what an earlier release wrote, whatever is accepted.
    const named = placeNameOf((await codecOf(fresh).encode([payload('y')], other))[0]!)
    const lying = { ...encoded!, metadata: { ...encoded!.metadata, 'sealed-for': named } }
    const { 'sealed-for': __, ...nameless } = encoded!.metadata!
    for (const codec of [codecOf(fresh), migrating('plaintext')]) {
      await expect(codec.decode([lying], other)).rejects.toMatchObject({ problem: 'tampered' })
    }
    await expect(migrating('plaintext').decode([{ ...encoded!, metadata: nameless }], other)).rejects.toMatchObject({
      problem: 'tampered',
    })
  })

  it('does not decode in the place of another step', async () => {
    const [encoded] = await codecOf(fresh).encode([payload('x')], step)
    await expect(codecOf(fresh).decode([encoded!], { ...step, activityId: '2' })).rejects.toMatchObject({
      problem: 'misplaced',
    })
    expect((await codecOf(fresh).decode([encoded!], step)).map(plain)).toEqual([plain(payload('x'))])
  })

  it('binds what a schedule gives its workflows to the id without the time that the server adds', async () => {
    const [encoded] = await codecOf(fresh).encode([payload('x')], { ...workflow, workflowId: 'idem-sweep' })
    const run = { ...workflow, workflowId: 'idem-sweep-2026-11-25T13:11:00Z' }
    expect((await codecOf(fresh).decode([encoded!], run)).map(plain)).toEqual([plain(payload('x'))])
    const other = { ...workflow, workflowId: 'other-2026-11-25T13:11:00Z' }
    await expect(codecOf(fresh).decode([encoded!], other)).rejects.toMatchObject({ problem: 'misplaced' })
  })

  it('shows operators what lies anywhere, and writes nothing for them', async () => {
    const viewer = createPayloadViewer(parseKeyRing(fresh), { namespace })
    expect(Object.keys(viewer)).toEqual(['decode'])
    const [bound] = await codecOf(fresh).encode([payload('bound')], step)
    const shown = await viewer.decode([bound!, await sealedByEarlierRelease(payload('old')), payload('plain')])
    expect(shown.map(plain)).toEqual(['bound', 'old', 'plain'].map((text) => plain(payload(text))))
  })

  it('notices any changed bit', async () => {
    const [encoded] = await codecOf(fresh).encode([payload('{}')])
    for (let at = 0; at < encoded!.data!.length; at++) {
      const data = new Uint8Array(encoded!.data!)
      data[at]! ^= 1 << (at % 8)
      await expect(codecOf(fresh).decode([{ ...encoded, data }])).rejects.toMatchObject({ problem: 'tampered' })
    }
    const data = encoded!.data!.subarray(0, 20)
    await expect(codecOf(fresh).decode([{ ...encoded, data }])).rejects.toMatchObject({ problem: 'malformed' })
  })

  it('does not decode for another namespace, nor under another key of the same name or another name of the same key', async () => {
    const [encoded] = await codecOf(fresh).encode([payload('x')])
    const tampered = { name: 'EncryptionError', problem: 'tampered' }
    await expect(codecOf(fresh, 'other').decode([encoded!])).rejects.toMatchObject(tampered)
    await expect(codecOf(`new:${keyText(3)}`).decode([encoded!])).rejects.toMatchObject(tampered)
    const renamed = { ...encoded, metadata: { ...encoded!.metadata, 'encryption-key-id': bytes('alias') } }
    await expect(codecOf(`${fresh},alias:${keyText(2)}`).decode([renamed])).rejects.toMatchObject(tampered)
  })

  it('names the key that it does not have', async () => {
    const [encoded] = await codecOf(old).encode([payload('x')])
    const unknown = { name: 'EncryptionError', problem: 'key_unknown', message: 'The key ring has no key "old"' }
    await expect(codecOf(fresh).decode([encoded!])).rejects.toMatchObject(unknown)
  })

  it('rotates while processes with either ring are running', async () => {
    const rings = [`${old}`, `${old},${fresh}`, `${fresh},${old}`, `${fresh}`].map((keys) => codecOf(keys))
    // Neighbours run at the same time: each must read what the other writes.
    for (let step = 1; step < rings.length; step++) {
      const pair = rings.slice(step - 1, step + 1)
      for (const writer of pair) {
        for (const reader of pair) {
          const decoded = await reader.decode(await writer.encode([payload('x')]))
          expect(decoded.map(plain)).toEqual([plain(payload('x'))])
        }
      }
    }
  })
})

describe('the key ring', () => {
  it.each([
    ['', 'key 1 is not id:base64'],
    [keyText(1), 'key 1 is not id:base64'],
    [`a b:${keyText(1)}`, 'key 1 is not id:base64'],
    [`a:${keyText(1)},`, 'key 2 is not id:base64'],
    ['a:c2hvcnQ=', 'the key a is not 32 bytes'],
    ['a:not base64!', 'the key a is not 32 bytes'],
    [`a:${keyText(1)},a:${keyText(2)}`, 'there are two keys a'],
  ])('refuses %j: %s', (keys, reason) => {
    expect(() => parseKeyRing(keys)).toThrow(reason)
    const secret = keys.split(':')[1]
    if (secret) expect(() => parseKeyRing(keys)).not.toThrow(secret)
  })

  it('encrypts with the first key and reads URL-safe base64', () => {
    const text = Buffer.from(new Uint8Array(32).fill(255)).toString('base64url')
    expect(parseKeyRing(` a:${text} , b:${keyText(1)}`)).toMatchObject({ activeId: 'a', ids: ['a', 'b'] })
  })

  it('has a key of its own for each purpose', async () => {
    const ring = parseKeyRing(fresh)
    const sealed = await seal(await ring.key('new', 'payload'), bytes('x'), '')
    await expect(unseal(await ring.key('new', 'data-key'), sealed, '')).rejects.toMatchObject({ problem: 'tampered' })
  })
})

describe('the format', () => {
  it('is what other implementations of AES-GCM read', async () => {
    // Test case 15 of the GCM specification (McGrew and Viega): AES-256, 96-bit nonce.
    const raw = fromHex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308')
    const nonce = 'cafebabefacedbaddecaf888'
    const cipher =
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad'
    const tag = 'b094dac5d93471bdec1a502270e3cc6c'
    const text =
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255'
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
    const opened = await unseal(key, fromHex(nonce + cipher + tag), '')
    expect(Buffer.from(opened).toString('hex')).toBe(text)
  })

  it('opens by bare WebCrypto, from what the documentation says', async () => {
    const [encoded] = await codecOf(fresh).encode([payload('"hello"')], workflow)
    const hkdf = await crypto.subtle.importKey('raw', new Uint8Array(32).fill(2), 'HKDF', false, ['deriveKey'])
    const key = await crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: bytes('idem payload key/1') },
      hkdf,
      { name: 'AES-GCM', length: 256 },
      false,
      ['decrypt'],
    )
    const data = new Uint8Array(encoded!.data!)
    const parameters = {
      name: 'AES-GCM',
      iv: data.slice(0, 12),
      additionalData: bytes('idem-payload/2\nnew\ndefault\nworkflow\np1'),
    }
    const opened = new Uint8Array(await crypto.subtle.decrypt(parameters, key, data.slice(12)))
    const message = temporal.api.common.v1.Payload.decode(opened)
    expect(Buffer.from(message.data).toString()).toBe('"hello"')
    expect(Buffer.from(message.metadata.encoding!).toString()).toBe('json/plain')
  })

  it('writes and reads payloads as protobuf does', () => {
    for (const size of [0, 1, 127, 128, 300, 16_384, 70_000]) {
      const message = {
        metadata: { encoding: bytes('binary/plain'), é: bytes('') },
        data: new Uint8Array(size).fill(size),
      }
      const ours = temporal.api.common.v1.Payload.decode(encodePayload(message))
      expect(plain(ours)).toEqual(plain(message))
      expect(plain(decodePayload(temporal.api.common.v1.Payload.encode(message).finish()))).toEqual(plain(message))
    }
  })

  it.each([[0x08, 1], [0x12, 5, 1], [0x12], [0x12, 255, 255, 255, 255, 255, 255, 1], [0x0a, 2, 0x12, 9]])(
    'refuses bytes that hold no payload: %s',
    (...broken) => {
      expect(() => decodePayload(Uint8Array.from(broken.flat()))).toThrow('hold no payload')
    },
  )
})
