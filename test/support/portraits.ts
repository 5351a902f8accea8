import { readFile } from 'node:fs/promises'
import { loadBundle } from '../../inference/bundle.ts'
import { createFaceEngine, type FaceEngine } from '../../inference/engine/face-engine.ts'
import { faceModels } from '../../inference/engine/face-models.ts'
import { decodePhoto } from '../../inference/photos/decode.ts'
import { encodePng } from '../../inference/photos/encode.ts'

/** A sample as `intakePhoto` stores it. */
export const portraitPng = async (name: string): Promise<Uint8Array> =>
  encodePng(await decodePhoto(await readFile(`samples/${name}`)))

/** A picture without a face. */
export const blankPng = (side = 96): Promise<Uint8Array> =>
  encodePng({ data: new Uint8Array(side * side * 3).fill(128), width: side, height: side })

/** The demo bundle's real networks for faces. */
export const openFaces = async (): Promise<FaceEngine> =>
  createFaceEngine({ models: faceModels(await loadBundle('models/demo')) })
