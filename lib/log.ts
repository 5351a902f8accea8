import { type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger, pino } from 'pino'
import { scrub, scrubText } from './log-scrub.ts'

export interface LogOptions {
  /** `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. */
  level: string
  /** Which process this is: `api`, `worker`. */
  name: string
  /** Standard error if omitted: standard output is for the output of commands. */
  destination?: DestinationStream
}

export type Log = Logger

/**
 * JSON lines, safe by construction: fields, bindings, errors, messages and their arguments are scrubbed at any level, so
 * that no caller has to think of it. Log keys, ids and counts: `log.info({ predictionId, tenant }, 'image stored')`.
 */
export const createLog = ({ level, name, destination }: LogOptions): Log => {
  const log = pino(
    {
      level,
      name,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: scrub, bindings: scrub },
      // Errors are plain by the time that a serializer sees them.
      serializers: { err: (error) => error },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args as unknown[]
          const safe = rest.map((arg) => (typeof arg === 'string' ? scrubText(arg) : scrub({ arg }).arg))
          // If it is given only an error, pino takes its message as it is.
          if (first instanceof Error && safe.length === 0) safe.push(scrubText(first.message))
          const head = typeof first === 'string' ? scrubText(first) : first
          method.apply(this, [head, ...safe] as Parameters<typeof method>)
        },
      },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  )
  // pino does not format the bindings of children; they inherit these methods.
  const { setBindings } = log
  const child: (this: Log, bindings: Bindings, options?: ChildLoggerOptions) => Log = log.child
  Object.assign(log, {
    child(this: Log, bindings: Bindings, options?: ChildLoggerOptions) {
      return child.call(this, scrub(bindings), options)
    },
    setBindings(this: Log, bindings: Bindings) {
      setBindings.call(this, scrub(bindings))
    },
  })
  return log
}
