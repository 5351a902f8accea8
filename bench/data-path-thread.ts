import { serveThread } from '../inference/engine/thread.ts'
import type { RgbImage } from '../inference/numeric/image.ts'

serveThread(async () => ({ bytes: async (photo: RgbImage) => photo.data.length }))
