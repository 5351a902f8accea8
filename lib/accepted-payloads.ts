/**
 * Which payloads are read: those that are `sealed` for their place; also those that an earlier release encrypted `unbound`
 * to a place; also those that are `plaintext`. What is written is always sealed.
 */
export type AcceptedPayloads = 'sealed' | 'unbound' | 'plaintext'

/** Reads `IDEM_ACCEPT_OLD_PAYLOADS`, for migrations: only sealed payloads are accepted if it is not set. */
export const readAcceptedPayloads = ({
  IDEM_ACCEPT_OLD_PAYLOADS: text = '',
}: Readonly<Record<string, string | undefined>>): AcceptedPayloads => {
  if (text === '') return 'sealed'
  if (text === 'unbound' || text === 'plaintext') return text
  throw new Error(`IDEM_ACCEPT_OLD_PAYLOADS is ${JSON.stringify(text)}; use unbound or plaintext`)
}
