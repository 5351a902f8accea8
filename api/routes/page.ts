import { Hono } from 'hono'
import { etag } from 'hono/etag'
import { artifactKeys } from '../../contracts/artifact-keys.ts'
import { diffusionSettingsSchema, generatorNames } from '../../contracts/diffusion-settings.ts'
import { limits } from '../../contracts/limits.ts'
import { predictionStatuses } from '../../contracts/prediction.ts'
import { schedulers } from '../../contracts/schedulers.ts'
import { stepNames, steps } from '../../contracts/steps.ts'
import type { ApiDeps, ApiEnv } from '../deps.ts'
import { Problem } from '../problem.ts'

/** Files of the page, and sample photos. */
export interface PageFiles {
  /** Reads a file of the page, for example `index.html` or `vendor/preact.js`. Undefined if it does not exist. */
  readPage(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Names of the sample photos, for example `male_26.jpg`. */
  readonly samples: readonly string[]
  readSample(name: string): Promise<Uint8Array<ArrayBuffer>>
}

const html = 'text/html; charset=utf-8'
const types = new Map([
  ['html', html],
  ['css', 'text/css; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['svg', 'image/svg+xml'],
])

/** Images also come from the origin of signed URLs: an S3 store, or the public URL of the API. */
const policy = (imageOrigin: string) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    `img-src 'self' data: blob: ${imageOrigin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

/** Lists and limits of the API, so that the page needs no copy of them. */
const pageSetup = {
  steps: stepNames.map((name) => ({
    name,
    label: steps[name].doing,
    queue: steps[name].queue,
    share: steps[name].share,
  })),
  statuses: predictionStatuses,
  schedulers,
  generators: generatorNames,
  settings: Object.keys(diffusionSettingsSchema.shape),
  limits,
}

const notFound = () => new Problem(404, 'Not found: no such file')

/** `/`: a web page that uses the API. Loading it needs no token; the page asks for one if the API requires it. */
export const createPageRoutes = (
  { store, bundle, models }: Pick<ApiDeps, 'store' | 'bundle' | 'models'>,
  { readPage, samples, readSample }: PageFiles,
): Hono<ApiEnv> => {
  const app = new Hono<ApiEnv>()
  // A signed URL has the origin of all published files, even if the file does not exist.
  const imageOrigin = async () =>
    new URL(await store.signGet(artifactKeys.output('page', 0), { expiresInSeconds: 60 })).origin

  app.use('/', etag())
  app.use('/page/*', etag())
  app.get('/', async (c) => {
    const bytes = await readPage('index.html')
    if (!bytes) throw notFound()
    return c.body(bytes, 200, {
      'content-type': html,
      'content-security-policy': policy(await imageOrigin()),
      'cache-control': 'no-cache',
    })
  })
  app.get('/page/setup.json', (c) => {
    const setup = {
      ...pageSetup,
      models: models.map(({ name, description, steps }) => ({ name, description, steps })),
      defaults: bundle.defaults,
      samples: samples.map((name) => `samples/${name}`),
    }
    return c.json(setup, 200, { 'cache-control': 'no-cache' })
  })
  app.get('/page/:name{.+}', async (c) => {
    const name = c.req.param('name')
    const type = types.get(/\.(\w+)$/.exec(name)?.[1] ?? '')
    const bytes = type && (await readPage(name))
    if (!type || !bytes) throw notFound()
    return c.body(bytes, 200, { 'content-type': type, 'cache-control': 'no-cache' })
  })
  app.get('/samples/:name', async (c) => {
    const name = c.req.param('name')
    if (!samples.includes(name)) throw notFound()
    const headers = { 'content-type': 'image/jpeg', 'cache-control': 'public, max-age=86400' }
    return c.body(await readSample(name), 200, headers)
  })
  return app
}
