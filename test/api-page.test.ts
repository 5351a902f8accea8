import { describe, expect, it } from 'vitest'
import { createApp } from '../api/app.ts'
import { arc2faceInputSchema } from '../api/models/arc2face-input.ts'
import { failures } from '../contracts/failures.ts'
import { textOf } from './support/repository.ts'

const page = textOf('docs/api.md')

/** The cells of the tables under a heading. */
const rowsUnder = (heading: string): string[][] => {
  const section = page.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  return rows.slice(1).map((row) => row.slice(2, -2).split(' | '))
}
const codes = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)

const app = await createApp({
  store: {} as never,
  published: {} as never,
  orchestrator: {} as never,
  bundle: {
    sha256: '0'.repeat(64),
    createdAt: new Date(0),
    embeddingSize: 512,
    defaults: { scheduler: 'ddim', num_steps: 25, guidance_scale: 3 },
  },
  publicUrl: 'http://127.0.0.1',
  temporalUiUrl: 'http://127.0.0.1',
  webhookSecrets: [],
  urlSigningKeys: [],
  limits: {},
  retentionMs: 1000,
} as never)

describe('docs/api.md', () => {
  it('lists the routes that the API has', async () => {
    const { paths } = (await (await app.request('/openapi.json')).json()) as { paths: Record<string, object> }
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.replace(/(?<=^\/v1\/models\/)idem\/[^/]+/, '{owner}/{name}')}`,
      ),
    )
    const documented = rowsUnder('Routes').flatMap(([routes]) => codes(routes!))
    expect(documented.sort()).toEqual([...new Set(served)].sort())
  })

  it('lists the inputs of idem/arc2face with their defaults', () => {
    const rows = new Map(rowsUnder('`idem/arc2face`').map(([name, value]) => [codes(name!)[0], value!]))
    const { shape } = arc2faceInputSchema
    expect([...rows.keys()].sort()).toEqual(Object.keys(shape).sort())
    for (const [name, schema] of Object.entries(shape)) {
      const { data, success } = schema.safeParse(undefined)
      if (success && data !== undefined)
        expect(`${name}: ${rows.get(name)}`.replaceAll('`', '')).toBe(`${name}: ${data}`)
    }
  })

  it('names failure types that exist, and so does the filter for operators', () => {
    const known = new Set<string>(Object.values(failures))
    const listed = rowsUnder('Errors').flatMap(([types]) => codes(types!))
    const filtered = [.../IdemFailure IN \(([^)]*)\)/.exec(textOf('docs/operating.md'))![1]!.matchAll(/"(\w+)"/g)]
    expect(listed.length).toBeGreaterThan(15)
    expect([...listed, ...filtered.map(([, type]) => type!)].filter((type) => !known.has(type))).toEqual([])
  })
})
