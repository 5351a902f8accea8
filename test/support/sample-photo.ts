import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toDataUri } from '../../lib/data-uri.ts'
import { projectDir } from '../../lib/project-dir.ts'

/** A portrait of `samples/` as a `data:` URI. */
export const samplePhoto = async (name = 'male_26.jpg'): Promise<string> =>
  toDataUri('image/jpeg', await readFile(join(projectDir, 'samples', name)))
