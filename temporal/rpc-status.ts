/** Status codes of gRPC (google.rpc.Code); Temporal's HTTP API puts them into its errors as well. */
export const rpcStatus = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  resourceExhausted: 8,
  unavailable: 14,
} as const

const unavailable: ReadonlySet<number | undefined> = new Set([
  rpcStatus.unavailable,
  rpcStatus.deadlineExceeded,
  rpcStatus.resourceExhausted,
  rpcStatus.cancelled,
])

/** Whether a status means that the server is away, rather than that it refuses the call. */
export const saysUnavailable = (status: number | undefined): boolean => unavailable.has(status)
