/** Task queues. Workflows run on `control`; a bad photo fails on `cpu` and never wakes a GPU. */
export const queues = { control: 'control', cpu: 'cpu', gpu: 'gpu' } as const

export type Queue = keyof typeof queues

/**
 * Where webhooks are delivered, by the workers of `control`. A delivery may wait for a receiver for more than a day, and who
 * counts the workflows of `control` to know whether a GPU has work must not count it.
 */
export const webhookQueue = 'webhooks'
