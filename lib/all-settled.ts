/**
 * The values of what runs side by side. Where one fails the others are waited for before this throws, so that none is left
 * running behind: a step that would store something later, or a call that would go on retrying on a closed connection.
 */
export const allSettled = async <T extends readonly unknown[]>(
  running: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> => {
  await Promise.allSettled(running)
  return Promise.all(running) as Promise<unknown> as Promise<T>
}
