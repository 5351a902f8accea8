import { parseList } from '../lib/parse-config.ts'

/** Task queues. Workflows run on `control`; a bad photo fails on `cpu` and never wakes a GPU. */
export const queues = { control: 'control', cpu: 'cpu', gpu: 'gpu' } as const

export type Queue = keyof typeof queues
export const queueNames = Object.keys(queues) as Queue[]

/** Queues from a list separated by commas; all of them if it is omitted. Throws an error that names the unknown one. */
export const parseQueues = (name: string, list: string | undefined): Queue[] => {
  const names = list === undefined ? queueNames : [...new Set(parseList(list))]
  const unknown = names.find((queue) => !Object.hasOwn(queues, queue))
  if (unknown === undefined) return names as Queue[]
  throw new Error(`${name} contains ${JSON.stringify(unknown)}; allowed are ${queueNames.join(', ')}`)
}

/**
 * Where webhooks are delivered, by the workers of `control`. A delivery may wait for a receiver for more than a day, and who
 * counts the workflows of `control` to know whether a GPU has work must not count it.
 */
export const webhookQueue = 'webhooks'
