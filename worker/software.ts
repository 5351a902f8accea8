import { readFileSync } from 'node:fs'
import { onnxruntime } from './providers/provider-libraries.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** This software and the runtime of its networks, as images and manifests name them. */
export const software = { software: `Idem ${version}`, onnxruntime: onnxruntime().version }
