/** The same names with what `map` makes of their values. */
export const mapValues = <A, B>(
  record: Readonly<Record<string, A>>,
  map: (value: A, name: string) => B,
): Record<string, B> => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]))
