import { Hono } from 'hono'
import type { ApiEnv } from '../deps.ts'
import { Problem } from '../problem.ts'

/** Reads a file of the viewer's package; undefined if there is none of that name. */
export type ReadViewerFile = (name: string) => Promise<Uint8Array<ArrayBuffer> | undefined>

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Idem API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
</head>
<body>
<div id="viewer"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`
const start = `SwaggerUIBundle({ url: 'openapi.json', dom_id: '#viewer', deepLinking: true, validatorUrl: null })
`

// Maps: an object also has `constructor` and other names that it inherits, and anyone may ask for them.
const types = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
])

// The viewer uses inline styles, and icons from data: URIs.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** `/docs`: shows the OpenAPI document in Swagger UI. */
export const createDocsRoutes = (readFile: ReadViewerFile): Hono<ApiEnv> => {
  const app = new Hono<ApiEnv>()
  app.use('/docs/*', async (c, next) => {
    await next()
    c.header('content-security-policy', policy)
  })
  app.get('/docs', (c) => c.html(page))
  app.get('/docs/start.js', (c) => c.body(start, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
  app.get('/docs/:file', async (c) => {
    const name = c.req.param('file')
    const type = types.get(name)
    const bytes = type && (await readFile(name))
    if (!type || !bytes) throw new Problem(404, 'Not found: no such file')
    return c.body(bytes, 200, { 'content-type': type, 'cache-control': 'public, max-age=86400' })
  })
  return app
}
