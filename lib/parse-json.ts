export interface JsonBounds {
  /** Members of arrays and objects, at any depth. */
  maxValues: number
  maxDepth: number
}

/** A text would become more, or deeper, than is allowed. The message says which, and how much is. */
export class JsonTooLarge extends Error {
  override name = 'JsonTooLarge'
}

// Compared in a loop over every character, where constants are several times faster than a set.
const [quote, comma, bracket, backslash, endBracket, brace, endBrace] = [0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d]

/** Where the string that starts at `start` ends; the end of the text if it does not. */
const endOfString = (text: string, start: number): number => {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return at
  }
  return text.length
}

const check = (text: string, { maxValues, maxDepth }: JsonBounds): void => {
  let values = 1
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (code === comma) values++
    else if (code === bracket || code === brace) {
      values++
      if (++depth > maxDepth) throw new JsonTooLarge(`JSON is nested at most ${maxDepth} deep`)
    } else if (code === endBracket || code === endBrace) depth--
    if (values > maxValues) throw new JsonTooLarge(`JSON has at most ${maxValues} values`)
  }
}

/**
 * `JSON.parse` for what anyone may have sent: looks first, in linear time and without memory, how many values a text would
 * become. 32 MiB of `[],[],…` take more than half a GiB. Throws `JsonTooLarge`, or a `SyntaxError`.
 *
 * @example
 * parseJson('{"num_images": 4}', { maxValues: 10_000, maxDepth: 32 })
 */
export const parseJson = (text: string, bounds: JsonBounds): unknown => {
  check(text, bounds)
  return JSON.parse(text)
}
