/**
 * What each room may import from, besides itself and packages. A name ending in `(types)` allows `import type` only.
 * `test/architecture.test.ts` holds the code to it, `test/folders.test.ts` the README of each room.
 */
export const allowed = {
  lib: [],
  contracts: ['lib'],
  storage: ['lib', 'contracts'],
  'inference/numeric': ['contracts (types)'],
  inference: ['lib', 'contracts', 'inference/numeric'],
  temporal: ['lib', 'contracts'],
  workflows: ['lib', 'contracts', 'activities (types)'],
  activities: ['lib', 'contracts', 'storage', 'inference', 'inference/numeric', 'temporal (types)'],
  telemetry: ['lib', 'contracts', 'storage', 'inference (types)', 'activities (types)', 'temporal'],
  // The schedulers are arithmetic: the API asks them which settings they can do.
  api: ['lib', 'contracts', 'storage', 'temporal', 'telemetry', 'inference/numeric'],
  worker: [
    'lib',
    'contracts',
    'storage',
    'temporal',
    'telemetry',
    'inference',
    'inference/numeric',
    'activities',
    'api',
  ],
  infra: ['lib', 'contracts'],
  cli: [
    'lib',
    'contracts',
    'storage',
    'temporal',
    'telemetry',
    'inference',
    'inference/numeric',
    'api',
    'worker',
    'infra',
  ],
} satisfies Record<string, readonly string[]>

export type Room = keyof typeof allowed
export const rooms = Object.keys(allowed) as Room[]
/** Rooms inside another one. */
export const nested = rooms.filter((room) => room.includes('/'))
export const topLevel = rooms.filter((room) => !room.includes('/'))
