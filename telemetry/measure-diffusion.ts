import type { DiffusionEngine } from '../inference/engine/diffusion-engine.ts'
import type { WorkerMetrics } from './metrics.ts'

/** The same engine; its steps, batches and cold starts are counted. */
export const measureDiffusion = (engine: DiffusionEngine, metrics: WorkerMetrics): DiffusionEngine => ({
  ...engine,
  generate: (request, options = {}) => {
    // The first step also loads networks and encodes text: it says nothing of a step.
    let lastAt: number | undefined
    return engine.generate(request, {
      ...options,
      onStep: (event) => {
        const now = performance.now()
        if (lastAt !== undefined) metrics.stepSeconds.observe((now - lastAt) / 1000)
        lastAt = now
        if (event.loadMs !== undefined) metrics.loadSeconds.observe(event.loadMs / 1000)
        for (const { rows, limit } of event.batches ?? []) {
          metrics.batchRows.observe(rows)
          metrics.batchFill.observe(rows / limit)
        }
        options.onStep?.(event)
      },
    })
  },
})
