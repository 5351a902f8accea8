import { failures } from '../../contracts/failures.ts'

/** A diffusion whose numbers are not finite: its images would be black. */
class Diverged extends Error {
  override name = 'Diverged'
  readonly type = failures.diffusionDiverged
}

/** Throws `Diverged` unless all values are finite; `what` begins the message. */
export const requireFinite = (values: Float32Array, what: string): void => {
  if (values.every(Number.isFinite)) return
  throw new Diverged(
    `${what} has values that are not finite. Try another scheduler, another number of steps, or less guidance`,
  )
}
