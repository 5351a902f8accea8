import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PullError, type PullList, pull, pullListSchema } from '../../../../cli/bundles/pull.ts'
import { listenOnLoopback } from '../../../support/listen-on-loopback.ts'

// A server with the few endpoints of a model hub that are used.
const weights = randomBytes(300_000)
const config = Buffer.from('{"small": true}\n')
const sha256 = createHash('sha256').update(weights).digest('hex')
const gitHash = createHash('sha1').update(`blob ${config.length}\0`).update(config).digest('hex')
const contents: Record<string, Buffer> = { 'unet/weights.bin': weights, 'unet/config.json': config }

let server: Server
let hubUrl: string
let out: string
let requests: string[]
/** How many bytes a download sends before its connection is cut; undefined for all. */
let cutAfter: (number | undefined)[]
let serve: Buffer | undefined
let ranges = true

beforeEach(async () => {
  requests = []
  cutAfter = []
  serve = undefined
  ranges = true
  server = createServer(async (request, response) => {
    const url = request.url ?? ''
    if (url.startsWith('/api/models/owner/model/paths-info/')) {
      let body = ''
      for await (const chunk of request) body += chunk
      const { paths } = JSON.parse(body) as { paths: string[] }
      const known = paths.filter((path) => contents[path])
      const infos = known.map((path) => ({
        type: 'file',
        path,
        size: contents[path]!.length,
        ...(path.endsWith('.bin')
          ? { oid: 'x', lfs: { oid: sha256, size: weights.length, pointerSize: 1 } }
          : { oid: gitHash }),
      }))
      return response.setHeader('content-type', 'application/json').end(JSON.stringify(infos))
    }
    const path = url.replace('/owner/model/resolve/v1/', '')
    const bytes = serve ?? contents[path]
    if (!bytes) return response.writeHead(404).end()
    const from = ranges ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
    requests.push(`${path} from ${from}`)
    const cut = cutAfter.shift()
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from })
    if (cut === undefined) return response.end(bytes.subarray(from))
    response.write(bytes.subarray(from, from + cut), () => setTimeout(() => response.destroy(), 30))
  })
  const port = await listenOnLoopback(server)
  hubUrl = `http://127.0.0.1:${port}`
  out = await mkdtemp(join(tmpdir(), 'idem-pull-'))
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await rm(out, { recursive: true })
})

const list = (path = 'unet/weights.bin', extra = {}): PullList => ({
  name: 'test',
  files: [{ repository: 'owner/model', revision: 'v1', path, ...extra }],
})
const fetchAll = (wanted: PullList, retryDelaysMs = [0, 0, 0]) => pull(wanted, { out, hubUrl, retryDelaysMs })

describe('pull', () => {
  it('fetches what the list names and says whose hash it held it to', async () => {
    expect(await fetchAll(list())).toEqual([
      { file: 'unet/weights.bin', bytes: weights.length, sha256, trusted: 'hub' },
    ])
    expect(await readFile(join(out, 'unet/weights.bin'))).toEqual(weights)
    expect(await fetchAll(list('unet/config.json'))).toMatchObject([{ bytes: config.length }])
    expect(await fetchAll(list('unet/weights.bin', { sha256 }))).toMatchObject([{ trusted: 'list' }])
  })

  it('records the hash of every file in a list that a later pull is held to', async () => {
    const wanted = { name: 'test', files: [...list().files, ...list('unet/config.json').files] }
    await fetchAll(wanted)
    const recorded = pullListSchema.parse(JSON.parse(await readFile(join(out, 'pulled.json'), 'utf8')))
    const configHash = createHash('sha256').update(config).digest('hex')
    expect(recorded.files.map(({ path, sha256: hash }) => [path, hash])).toEqual([
      ['unet/weights.bin', sha256],
      ['unet/config.json', configHash],
    ])
    expect(await fetchAll(recorded)).toMatchObject([{ trusted: 'list' }, { trusted: 'list' }])
  })

  it('leaves alone what is there and right', async () => {
    await fetchAll(list())
    requests = []
    await fetchAll(list())
    expect(requests).toEqual([])
  })

  it('goes on where a cut connection stopped', async () => {
    cutAfter = [100_000, 50_000]
    await fetchAll(list())
    expect(requests).toHaveLength(3)
    expect(requests[0]).toBe('unet/weights.bin from 0')
    expect(Number(requests[2]!.split(' ').at(-1))).toBeGreaterThan(0)
    expect(await readFile(join(out, 'unet/weights.bin'))).toEqual(weights)
  })

  it('goes on in a later run, and never leaves a half file under the name', async () => {
    cutAfter = [100_000]
    await expect(fetchAll(list(), [])).rejects.toThrow(PullError)
    expect(await readdir(join(out, 'unet'))).toEqual(['weights.bin.part'])
    await fetchAll(list())
    expect(await readdir(join(out, 'unet'))).toEqual(['weights.bin'])
    expect(await readFile(join(out, 'unet/weights.bin'))).toEqual(weights)
  })

  it('starts again where the server cannot resume', async () => {
    ranges = false
    cutAfter = [100_000]
    await fetchAll(list())
    expect(await readFile(join(out, 'unet/weights.bin'))).toEqual(weights)
  })

  it('discards what has another hash', async () => {
    serve = randomBytes(weights.length)
    await expect(fetchAll(list())).rejects.toThrow('discarded')
    expect(await readdir(join(out, 'unet'))).toEqual([])
    serve = undefined
    await expect(fetchAll(list('unet/weights.bin', { sha256: 'a'.repeat(64) }))).rejects.toThrow('expected aaa')
  })

  it('fetches a damaged file again', async () => {
    await fetchAll(list())
    await writeFile(join(out, 'unet/weights.bin'), randomBytes(weights.length))
    await fetchAll(list())
    expect(await readFile(join(out, 'unet/weights.bin'))).toEqual(weights)
  })

  it('says what is missing, and does not write outside the folder', async () => {
    await expect(fetchAll(list('unet/nothing.bin'))).rejects.toThrow('no file unet/nothing.bin')
    await expect(fetchAll(list('unet/weights.bin', { to: '../evil' }))).rejects.toThrow('outside')
  })
})
