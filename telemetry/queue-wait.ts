/** From when an attempt was due to now. Never below 0: the server's clock may be ahead of ours. */
export const queueWaitSeconds = (info: { currentAttemptScheduledTimestampMs: number }): number =>
  Math.max(0, Date.now() - info.currentAttemptScheduledTimestampMs) / 1000
