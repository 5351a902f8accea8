import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadBundle } from '../inference/bundle.ts'
import { createFaceEngine } from '../inference/engine/face-engine.ts'
import { faceModels } from '../inference/engine/face-models.ts'
import { decodePhoto } from '../inference/photos/decode.ts'

// What the demo left in out/: four images of the bundle's size with a face in each, and the contact sheet.
const bundle = await loadBundle('models/demo')
const { latentShape, vaeScale } = bundle.manifest.diffusion
const faces = createFaceEngine({ models: faceModels(bundle) })
const files = await readdir('out')
const images = files.filter((name) => name.endsWith('.png'))
const problems: string[] = []
if (images.length !== 4) problems.push(`${images.length} images in place of 4`)
if (!files.includes('contact-sheet.jpg')) problems.push('no contact sheet')
for (const name of images) {
  const image = await decodePhoto(await readFile(join('out', name)))
  if (image.height !== latentShape[1] * vaeScale || image.width !== latentShape[2] * vaeScale) {
    problems.push(`${name} has ${image.width}x${image.height} px`)
  }
  if ((await faces.findFaces(image)).length === 0) problems.push(`no face in ${name}`)
}
await faces.close()
console.log(problems.length === 0 ? `The demo's ${images.length} images are in order` : problems.join('\n'))
process.exitCode = problems.length === 0 ? 0 : 1
