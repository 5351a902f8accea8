import { parseList } from '../lib/parse-config.ts'

/** Task queues. Workflows run on `control`. A bad photo fails on `cpu`, and so never starts a GPU. */
export const queues = { control: 'control', cpu: 'cpu', gpu: 'gpu' } as const

export type Queue = keyof typeof queues
export const queueNames = Object.keys(queues) as Queue[]

/** Parses a comma-separated list of queues; all of them if it is omitted. Throws if it contains an unknown name. */
export const parseQueues = (name: string, list: string | undefined): Queue[] => {
  const names = list === undefined ? queueNames : [...new Set(parseList(list))]
  const unknown = names.find((queue) => !Object.hasOwn(queues, queue))
  if (unknown === undefined) return names as Queue[]
  throw new Error(`${name} contains ${JSON.stringify(unknown)}; allowed: ${queueNames.join(', ')}`)
}

/**
 * Queue of webhook deliveries, polled by the workers of `control`. It is separate because a delivery may wait for its
 * receiver for more than a day: autoscaling counts the workflows of `control`, and must not count deliveries.
 */
export const webhookQueue = 'webhooks'

/**
 * Where steps run that wait for servers of strangers (photos that are fetched, webhooks that are sent), by the workers of
 * `cpu`. A slow server holds a slot here, and none of those that publish, erase and compute.
 */
export const outboundQueue = 'outbound'

/** The queues that a worker of each one polls besides. */
export const besideQueues = {
  control: [webhookQueue],
  cpu: [outboundQueue],
  gpu: [],
} as const satisfies Record<Queue, readonly string[]>
