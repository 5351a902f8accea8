import { createHash, type Hash } from 'node:crypto'
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { pathsInfo } from '@huggingface/hub'
import { z } from 'zod'
import { retry } from '../../lib/retry.ts'
import { hashFile } from './hash-file.ts'

export const pullListSchema = z.object({
  name: z.string().min(1),
  note: z.string().optional(),
  files: z
    .array(
      z.object({
        /** owner/name on the hub. */
        repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
        /** Branch, tag or commit; a commit never changes. */
        revision: z.string().min(1),
        path: z.string().min(1),
        /** Path in the folder. Defaults to `path`. */
        to: z.string().optional(),
        /** If omitted, the hash that the hub reports is used. */
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .optional(),
      }),
    )
    .min(1),
})
export type PullList = z.infer<typeof pullListSchema>
type PullFile = PullList['files'][number]

export interface PullOptions {
  out: string
  hubUrl: string
  accessToken?: string
  onProgress?: (progress: { file: string; bytes: number; of: number }) => void
  /** Delays before an interrupted download is retried. */
  retryDelaysMs?: readonly number[]
}

/** A file could not be downloaded. The message names the file and the reason. */
export class PullError extends Error {
  override name = 'PullError'
}

/** Expected content of a file: a sha256 from the list or the hub (large files), or a git hash (small files). */
interface Expected {
  bytes: number
  algorithm: 'sha256' | 'git'
  hash: string
}

export interface PulledFile {
  file: string
  bytes: number
  sha256: string
  /** Source of the expected hash. */
  trusted: 'list' | 'hub'
}

const startHash = ({ algorithm, bytes }: Expected): Hash =>
  // git hashes a header before the content.
  algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`)

const sizeOf = async (file: string): Promise<number | undefined> => (await stat(file).catch(() => undefined))?.size

const ask = async (file: PullFile, { hubUrl, accessToken }: PullOptions): Promise<Expected> => {
  const { repository, revision, path, sha256 } = file
  const [info] = await pathsInfo({
    repo: repository,
    paths: [path],
    revision,
    hubUrl,
    ...(accessToken && { accessToken }),
  }).catch((cause: Error) => {
    throw new PullError(`Cannot get the hash of ${repository}@${revision}/${path} from the hub: ${cause.message}`, {
      cause,
    })
  })
  if (!info) throw new PullError(`${repository}@${revision} has no file ${path}`)
  const bytes = info.lfs?.size ?? info.size
  if (sha256 ?? info.lfs) return { bytes, algorithm: 'sha256', hash: sha256 ?? info.lfs!.oid }
  if (!info.oid) throw new PullError(`The hub has no hash of ${repository}/${path}; add its sha256 to the list`)
  return { bytes, algorithm: 'git', hash: info.oid }
}

/** Downloads the rest of `part`. Throws if the connection breaks; the part that has arrived is kept. */
const fetchRest = async (file: PullFile, part: string, expected: Expected, options: PullOptions): Promise<void> => {
  const from = (await sizeOf(part)) ?? 0
  if (from === expected.bytes) return
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const url = `${options.hubUrl}/${file.repository}/resolve/${encodeURIComponent(file.revision)}/${path}`
  const response = await fetch(url, {
    headers: {
      ...(from > 0 && { range: `bytes=${from}-` }),
      ...(options.accessToken && { authorization: `Bearer ${options.accessToken}` }),
    },
  })
  if (!response.ok || !response.body) {
    const error = new PullError(`${url} answered ${response.status}`)
    throw response.status >= 500 || response.status === 429 ? Object.assign(error, { retryable: true }) : error
  }
  // A server without support for ranges sends the whole file again.
  const resumed = response.status === 206
  const handle = await open(part, resumed ? 'a' : 'w')
  let bytes = resumed ? from : 0
  try {
    for await (const chunk of response.body) {
      bytes += chunk.length
      if (bytes > expected.bytes)
        throw new PullError(`${file.path} is larger than the ${expected.bytes} bytes announced`)
      await handle.write(chunk)
      options.onProgress?.({ file: file.path, bytes, of: expected.bytes })
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  if (bytes < expected.bytes)
    throw Object.assign(new Error(`the connection ended after ${bytes} bytes`), { retryable: true })
}

const isFinal = (error: unknown) => error instanceof PullError && !('retryable' in error)

const defaultDelaysMs = [1_000, 3_000, 10_000, 30_000]

const pullFile = async (file: PullFile, options: PullOptions): Promise<PulledFile> => {
  const name = normalize(file.to ?? file.path)
  if (name.startsWith('..') || name.startsWith('/')) throw new PullError(`${name} would be outside the folder`)
  const target = join(options.out, name)
  const part = `${target}.part`
  const expected = await ask(file, options)
  const finish = async (): Promise<PulledFile> => ({
    file: name,
    bytes: expected.bytes,
    sha256: await hashFile(target, createHash('sha256')),
    trusted: file.sha256 ? 'list' : 'hub',
  })
  if ((await sizeOf(target)) === expected.bytes && (await hashFile(target, startHash(expected))) === expected.hash)
    return finish()

  await mkdir(dirname(target), { recursive: true })
  if (((await sizeOf(part)) ?? 0) > expected.bytes) await rm(part)
  const delays = options.retryDelaysMs ?? defaultDelaysMs
  await retry(() => fetchRest(file, part, expected, options), {
    attempts: delays.length + 1,
    delayMs: (failed) => delays[failed - 1]!,
    shouldRetry: (error) => !isFinal(error),
  }).catch((cause: Error) => {
    throw new PullError(`${file.repository}/${file.path} could not be downloaded: ${cause.message}`, { cause })
  })
  const hash = await hashFile(part, startHash(expected))
  if (hash !== expected.hash) {
    await rm(part)
    throw new PullError(
      `${file.repository}/${file.path} has the hash ${hash}; expected ${expected.hash}. It was discarded`,
    )
  }
  await rename(part, target)
  return finish()
}

/**
 * Downloads the files of a list one by one. Files that exist with the right hash are kept, and interrupted downloads
 * are resumed. Writes `pulled.json`: the same list with the sha256 of every file, which later pulls can check.
 */
export const pull = async (list: PullList, options: PullOptions): Promise<PulledFile[]> => {
  const pulled: PulledFile[] = []
  for (const file of list.files) pulled.push(await pullFile(file, options))
  const files = list.files.map((file, i) => ({ ...file, sha256: pulled[i]!.sha256 }))
  await writeFile(join(options.out, 'pulled.json'), `${JSON.stringify({ ...list, files }, null, 2)}\n`)
  return pulled
}
