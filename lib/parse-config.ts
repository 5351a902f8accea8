// What entry points of every runtime read from their configuration.

type Environment = Readonly<Record<string, string | undefined>>

const logLevels = ['error', 'warn', 'info', 'debug', 'trace'] as const

/** What the API and the workers write to their logs. */
export const readLogLevel = ({ IDEM_LOG_LEVEL = '' }: Environment): string => {
  const level = IDEM_LOG_LEVEL || 'info'
  if ((logLevels as readonly string[]).includes(level)) return level
  throw new Error(`IDEM_LOG_LEVEL is ${JSON.stringify(IDEM_LOG_LEVEL)}; use one of ${logLevels.join(', ')}`)
}

/** A count, or undefined for none and for 0. Throws where it is something else. */
export const parseCount = (name: string, text: string | undefined): number | undefined => {
  const count = Number(text || 0)
  if (Number.isSafeInteger(count) && count >= 0) return count || undefined
  throw new Error(`${name} is ${JSON.stringify(text)}; use a whole number, or 0 for no limit`)
}

/** Parts of a list separated by commas. */
export const parseList = (text = ''): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)

export const parseOrigins = (text: string | undefined): string[] => {
  const origins = parseList(text)
  const odd = origins.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)
  if (odd === undefined) return origins
  throw new Error(`IDEM_CORS_ORIGINS has ${JSON.stringify(odd)}; use origins such as https://app.example.com`)
}

export const readTemporalUiUrl = ({ IDEM_TEMPORAL_UI_URL = '' }: Environment): string =>
  (IDEM_TEMPORAL_UI_URL || 'http://127.0.0.1:8233').replace(/\/+$/, '')
