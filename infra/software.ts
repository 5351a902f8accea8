import { readFileSync } from 'node:fs'

const { version, dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
  dependencies: Record<string, string>
}

/** This software and the runtime of its networks, as images and manifests name them. Versions are pinned. */
export const software = { software: `Idem ${version}`, onnxruntime: dependencies['onnxruntime-node'] ?? '' }
