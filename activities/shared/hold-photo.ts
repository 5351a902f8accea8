import { Context } from '@temporalio/activity'
import { limits } from '../../contracts/limits.ts'
import type { RgbImage } from '../../inference/numeric/image.ts'
import { decodeStored } from '../../inference/photos/decode.ts'
import type { Budget } from '../../lib/budget.ts'
import type { ArtifactStore } from '../../storage/store.ts'
import { readArtifact } from './artifacts.ts'
import { withPulse } from './pulse.ts'

/** Works with the pixels of a stored photo, as soon as there is room for them; `pixels` of the input says how many they are. */
export const holdPhoto = <T>(
  input: { predictionId: string; photoKey: string; pixels?: number },
  { store, pixels }: { store: ArtifactStore; pixels: Budget },
  work: (photo: RgbImage) => Promise<T>,
): Promise<T> => {
  const { cancellationSignal: signal } = Context.current()
  return withPulse(() =>
    pixels.run({ amount: input.pixels ?? limits.photoPixels, signal }, async () =>
      work(await decodeStored(await readArtifact(store, input.photoKey, input))),
    ),
  )
}
