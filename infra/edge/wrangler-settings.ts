import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the deployment says of the runtime: anything that tries the bundle is to run it so. */
export interface EdgeSettings {
  compatibility_date: string
  compatibility_flags: string[]
  vars: Record<string, string>
}

/** The deployment's configuration: JSON with comments on separate lines. */
export const readEdgeSettings = async (): Promise<EdgeSettings> => {
  const text = await readFile(join(import.meta.dirname, 'wrangler.jsonc'), 'utf8')
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as EdgeSettings
}
