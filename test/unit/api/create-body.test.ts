import { describe, expect, it } from 'vitest'
import { createBodySchema, createHeaders } from '../../../api/create-body.ts'
import { toJsonSchema } from '../../../api/json-schema.ts'
import { cancelAfterMs } from '../../../api/prefer.ts'

const patternOf = (schema: Parameters<typeof toJsonSchema>[0], name: string) =>
  new RegExp(String(toJsonSchema(schema).properties?.[name]?.pattern))

const retention = patternOf(createBodySchema, 'retention')
const takesRetention = (text: string) => createBodySchema.safeParse({ input: {}, retention: text }).success

const cancelAfter = patternOf(createHeaders, 'cancel-after')
const takesCancelAfter = (text: string) => {
  try {
    return cancelAfterMs(text) !== undefined
  } catch {
    return false
  }
}

/** Every duration of one or two parts, around the bounds of either. */
const counts = [0, 1, 4, 5, 9, 10, 23, 24, 25, 59, 60, 61, 99, 100, 999, 1439, 1440, 1441, 86_399, 86_400, 86_401]
const parts = ['', 's', 'm', 'h', 'd'].flatMap((unit) => counts.map((count) => `${count}${unit}`))
const durations = [...parts, ...parts.flatMap((one) => ['5s', '30m', '12h'].map((other) => `${one}${other}`))]

describe.each([
  ['retention', retention, takesRetention, ['60s', '90s', '30m', '12h', '1h30m', '7d']],
  ['Cancel-After', cancelAfter, takesCancelAfter, ['5s', '90', '90s', '5m', '1h30m', '24h']],
] as const)('the published pattern of %s', (_, pattern, takes, told) => {
  it.each(told)('has %s, which the page sends or the documents mention', (text) => {
    expect([pattern.test(text), takes(text)]).toEqual([true, true])
  })

  it('lets through nothing that is refused', () => {
    expect(durations.filter((text) => pattern.test(text) && !takes(text))).toEqual([])
    expect(durations.filter((text) => pattern.test(text)).length).toBeGreaterThan(20)
  })
})
