import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../inference/diffusion/checkpoint.ts'
import { saysDamaged } from '../../lib/crypto/encryption-error.ts'
import { type ArtifactStore, readAll } from '../../storage/store.ts'
import { createLatestWriter } from './latest-writer.ts'

/** Whether an error says that a checkpoint cannot be used. Only its name is left after it has crossed a thread. */
export const isCheckpointError = (error: unknown): boolean =>
  error instanceof Error && error.name === CheckpointError.name

/** Stores the newest checkpoint of a run under `key`, and reads one. */
export const createCheckpoints = (store: ArtifactStore, key: string) => {
  let stored: number | undefined
  const writer = createLatestWriter(async (checkpoint: Checkpoint) => {
    await store.put(key, encodeCheckpoint(checkpoint), { contentType: 'application/octet-stream' })
    stored = checkpoint.step
  })
  return {
    ...writer,
    last: () => (stored === undefined ? {} : { checkpointKey: key }),
    /** The checkpoint that an earlier attempt stored; undefined if there is none. Throws `CheckpointError` if it is damaged. */
    async read(from: string | undefined): Promise<Checkpoint | undefined> {
      // A heartbeat that names another artifact is not this step's.
      if (from !== key) return undefined
      try {
        const artifact = await store.get(key)
        if (!artifact) return undefined
        const checkpoint = decodeCheckpoint(await readAll(artifact))
        stored = checkpoint.step
        return checkpoint
      } catch (error) {
        throw saysDamaged(error) ? new CheckpointError('The checkpoint is damaged', { cause: error }) : error
      }
    },
    /** What was read is not used. */
    forget() {
      stored = undefined
    },
  }
}
