/** Keeps a value, and at most so many of the newest: what was kept first goes first. */
export const remember = <K, V>(kept: Map<K, V>, key: K, value: V, most: number): void => {
  kept.set(key, value)
  for (const oldest of kept.keys()) {
    if (kept.size <= most) break
    kept.delete(oldest)
  }
}
