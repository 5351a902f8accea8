/**
 * Answers may overtake each other, and only the one to the latest request counts:
 * `const isLatest = latest()` before a request, `if (!isLatest()) return` after it.
 */
export const createLatest = () => {
  let requests = 0
  return () => {
    const own = ++requests
    return () => own === requests
  }
}
