/** Task queues. Workflows run on `control`; a bad photo fails on `cpu` and never wakes a GPU. */
export const queues = { control: 'control', cpu: 'cpu', gpu: 'gpu' } as const

export type Queue = keyof typeof queues
