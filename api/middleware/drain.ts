/**
 * Reads what a request still sends, up to so many bytes, and throws it away. A client that is answered while it sends may
 * see a broken connection in place of the answer.
 */
export const drain = async ({ body }: Request, mostBytes: number): Promise<void> => {
  if (!body || body.locked) return
  const reader = body.getReader()
  try {
    for (let left = mostBytes; left > 0; ) {
      const { done, value } = await reader.read()
      if (done) return
      left -= value.length
    }
    await reader.cancel()
  } catch {
    // The client has gone.
  }
}
