import { describe, expect, it } from 'vitest'
import { loadBundle } from '../../inference/bundle.ts'
import { executionProvidersFor } from '../../infra/execution-provider.ts'

const bundle = await loadBundle('models/demo')

describe('the execution provider', () => {
  it.each(['auto', 'cpu'])('is the CPU for %s', async (name) => {
    expect(await executionProvidersFor(name, bundle)).toEqual(['cpu'])
  })

  it('is never something else than was asked for', async () => {
    await expect(executionProvidersFor('gpu', bundle)).rejects.toThrow('it takes auto, cpu')
    // With CUDA's libraries the provider itself comes back; without them that is an error.
    const cuda = await executionProvidersFor('cuda', bundle).catch((error: Error) => error.message)
    expect([['cuda'], 'IDEM_EXECUTION_PROVIDER is cuda, which cannot be used on this machine']).toContainEqual(cuda)
  })
})
