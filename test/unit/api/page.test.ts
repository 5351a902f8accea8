import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import type { ApiEnv } from '../../../api/deps.ts'
import { models } from '../../../api/models/index.ts'
import { openPageFiles } from '../../../api/page-files.ts'
import type { Problem } from '../../../api/problem.ts'
import { createDocsRoutes } from '../../../api/routes/docs.ts'
import { createPageRoutes } from '../../../api/routes/page.ts'
import { generatorNames } from '../../../contracts/diffusion-settings.ts'
import { predictionStatuses } from '../../../contracts/prediction.ts'
import { schedulerNames } from '../../../contracts/schedulers.ts'
import { type StepName, stepNames } from '../../../contracts/steps.ts'
import { toBase64 } from '../../../lib/base64.ts'
import { parseKeyRing } from '../../../lib/crypto/key-ring.ts'
import { createFileStore } from '../../../storage/drivers/file/file-store.ts'
import { createSealedStore } from '../../../storage/sealed-store.ts'

const bundle = {
  sha256: '0'.repeat(64),
  createdAt: new Date(0),
  embeddingSize: 512,
  defaults: { scheduler: 'ddim', num_steps: 30, guidance_scale: 4 } as const,
}
// Nothing is written to the folder.
const files = createFileStore({ root: tmpdir(), publicUrl: 'https://files.example', signingKey: new Uint8Array(32) })
const store = createSealedStore(files, parseKeyRing(`k1:${toBase64(new Uint8Array(32))}`))
const viewerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const app = new Hono<ApiEnv>()
app.onError((error) => (error as Problem).toResponse())
app.route('/', createPageRoutes({ bundle, models, store }, await openPageFiles()))
app.route(
  '/',
  createDocsRoutes(async (name) => new Uint8Array(await readFile(join(viewerFolder, name)))),
)

describe('the page', () => {
  it('lets in no script and no style but its own files, and pictures from where signed URLs lead', async () => {
    const response = await app.request('/')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
    expect(policy).toContain("img-src 'self' data: blob: https://files.example;")
    expect(policy).not.toContain('unsafe')
    const text = await response.text()
    expect(text).not.toMatch(/<style|style=|\son\w+=|<script(?! type="module" src="page\/app\.js"><\/script>)/)
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//)
  })

  it('gives its modules with paths alone, and each of them is there', async () => {
    const pending = ['app.js']
    const seen = new Set<string>()
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (seen.has(name)) continue
      seen.add(name)
      const response = await app.request(`/page/${name}`)
      expect([name, response.status]).toEqual([name, 200])
      expect(response.headers.get('content-type')).toMatch(/^text\/javascript/)
      // A name without a path would lead to nothing here.
      for (const [, own, minified] of (await response.text()).matchAll(
        /^import [^']*'([^']+)'|[;}](?:import|export)?[^;"]*from"([^"]+)"/gm,
      )) {
        const of = own ?? minified
        if (of) pending.push(new URL(of, `http://page/${name}`).pathname.slice(1))
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(['vendor/preact.js', 'vendor/hooks.js', 'parts/run.js']))
  })

  it('is sent the lists and bounds that the API has', async () => {
    const setup = (await (await app.request('/page/setup.json')).json()) as {
      steps: { name: string; label: string; share: number }[]
      models: { name: string; steps: StepName[] }[]
      limits: Record<string, number>
    }
    expect(setup.steps.map(({ name }) => name)).toEqual(stepNames)
    for (const { label, share } of setup.steps)
      expect([label, share]).toEqual([expect.stringMatching(/\w/), expect.any(Number)])
    expect(setup).toMatchObject({ statuses: predictionStatuses, generators: generatorNames })
    expect(setup.models.map(({ name }) => name)).toEqual(['idem/arc2face', 'idem/face-embedding'])
    expect(setup.models.every((model) => model.steps.every((step) => stepNames.includes(step)))).toBe(true)
    expect(setup.limits).toMatchObject({ images: 16, steps: 100, photoBytes: 20 * 1024 * 1024 })
  })

  it('sends the schedulers, the defaults of the bundle and the samples, and serves those', async () => {
    const { defaults, samples, schedulers } = (await (await app.request('/page/setup.json')).json()) as {
      defaults: object
      samples: string[]
      schedulers: object
    }
    expect(Object.keys(schedulers)).toEqual(schedulerNames)
    expect(defaults).toEqual(bundle.defaults)
    expect(samples).toContain('samples/male_26.jpg')
    expect((await app.request(`/${samples[0]}`)).headers.get('content-type')).toBe('image/jpeg')
  })

  it('is not sent again where it has not changed', async () => {
    const etag = (await app.request('/page/style/base.css')).headers.get('etag')!
    const again = await app.request('/page/style/base.css', { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
  })

  it.each(['constructor', '__proto__', 'toString', 'x.constructor', 'x.__proto__', 'vendor/constructor'])(
    'has nothing by a name that every object has: %s',
    async (name) => {
      for (const path of [`/page/${name}`, `/samples/${name}`, `/docs/${name}`]) {
        expect([path, (await app.request(path)).status]).toEqual([path, 404])
      }
    },
  )

  it.each(['/page/..%2fapp.ts', '/page/nothing.js', '/page/helpers', '/samples/LICENSE', '/samples/..%2fpackage.json'])(
    'has nothing at %s',
    async (path) => {
      expect((await app.request(path)).status).toBe(404)
    },
  )
})
