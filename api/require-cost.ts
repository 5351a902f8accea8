import { Problem } from './problem.ts'

/**
 * Throws a 422 problem that names the fields of the input whose product is more than a prediction may cost.
 *
 * @example requireCost({ num_images: 4, num_steps: 25 }, 3200)
 */
export const requireCost = (factors: Readonly<Record<string, number>>, maxCost: number | undefined): void => {
  const cost = Object.values(factors).reduce((product, factor) => product * factor, 1)
  if (maxCost === undefined || cost <= maxCost) return
  const names = Object.keys(factors)
  const msg = `${names.join(' × ')} is ${cost}; at most ${maxCost} is allowed here`
  const errors = names.map((name) => ({ loc: ['body', 'input', name], msg, type: 'cost_too_high' }))
  throw new Problem(422, msg, { errors })
}
