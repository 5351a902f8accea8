import type { Bundle } from '../../inference/bundle.ts'
import { explain } from '../../lib/explain.ts'
import { checkFile } from '../bundles/verify.ts'
import { type Finding, gap, ok } from './finding.ts'

/** Checks that every file has the size and hash in the manifest. */
export const checkBundle = async (bundle: Bundle): Promise<Finding> => {
  const { name, version, files } = bundle.manifest
  let bytes = 0
  for (const file of Object.keys(files)) {
    try {
      bytes += await checkFile(bundle, file)
    } catch (error) {
      return gap(
        'bundle',
        `${bundle.folder}: ${explain(error)}`,
        'download or export the bundle again (npm run models)',
      )
    }
  }
  const size = `${(bytes / 1e6).toFixed(1)} MB`
  return ok('bundle', `${name} ${version.slice(0, 12)}: ${Object.keys(files).length} files match the manifest, ${size}`)
}
