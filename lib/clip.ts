/** The text, or its beginning and `…` if it has more than so many characters. */
export const clip = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text
