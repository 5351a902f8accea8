const CHUNK = 8192

/**
 * The bytes of a string of one character per byte, as `atob` returns it. A loop, because `Uint8Array.from` with a mapping
 * takes seconds for a photo.
 */
export const fromBinaryString = (binary: string): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

/** Standard base64 with padding. Web standards only, so that it runs at the edge too. */
export const toBase64 = (bytes: Uint8Array): string => {
  let binary = ''
  // As arguments of one call, many bytes would overflow the stack.
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(binary)
}

/** URL-safe base64 without padding. */
export const toBase64Url = (bytes: Uint8Array): string =>
  toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')

/** Reads standard and URL-safe base64, with or without padding; undefined if the text is neither. */
export const fromBase64 = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    return fromBinaryString(atob(text.trim().replaceAll('-', '+').replaceAll('_', '/')))
  } catch {
    return undefined
  }
}
