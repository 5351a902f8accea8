/**
 * Reads and discards the rest of a request, up to `mostBytes`. A client that is still sending when it is answered may
 * see a broken connection instead of the response.
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
    // The client has disconnected.
  }
}
