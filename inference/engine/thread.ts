import { AsyncResource } from 'node:async_hooks'
import { once } from 'node:events'
import { parentPort, type Transferable, Worker, workerData } from 'node:worker_threads'

// Inference blocks the thread that runs it, so each engine runs in a worker thread and is called by messages.

interface Call {
  kind: 'call'
  id: number
  method: string
  argument: unknown
}
interface Abort {
  kind: 'abort'
  id: number
}
type Reply =
  | { kind: 'event'; id: number; event: unknown }
  | { kind: 'result'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: SentError }

/** An error as a message: structured clone would drop what makes it typed. */
interface SentError {
  name: string
  message: string
  stack?: string
  fields: Record<string, unknown>
  cause?: SentError
}

const packError = (error: unknown): SentError => {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), fields: {} }
  const { name, message, stack, cause, ...fields } = error as Error & Record<string, unknown>
  return { name, message, stack, fields, ...(cause !== undefined && { cause: packError(cause) }) }
}

const unpackError = ({ name, message, stack, fields, cause }: SentError): Error =>
  Object.assign(new Error(message, cause && { cause: unpackError(cause) }), fields, { name, stack })

/** The thread ended while calls were under way, or was closed. */
export class ThreadEnded extends Error {
  override name = 'ThreadEnded'
}

export interface CallOptions<E = unknown> {
  onEvent?: (event: E) => void
  /** Asks the method to stop; the call then rejects with whatever the method throws on it. */
  signal?: AbortSignal
  /** Buffers that move to the thread instead of being copied: the caller can't use them afterwards. */
  transfer?: readonly Transferable[]
}

export interface Thread {
  call<T, E = unknown>(method: string, argument: unknown, options?: CallOptions<E>): Promise<T>
  /** Ends the thread; calls under way reject with `ThreadEnded`. */
  close(): Promise<void>
}

/** Node 20 does not hand `--import tsx` down to threads: the thread registers it by itself before it loads TypeScript. */
const bootstrap = (module: URL): URL => {
  const api = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const code = `import { register } from ${api}; register(); await import(${JSON.stringify(module.href)})`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}

interface RunningThread extends Thread {
  hasEnded(): boolean
}

const runThread = (module: URL, data: unknown): RunningThread => {
  const worker = new Worker(bootstrap(module), { workerData: data, execArgv: [] })
  const pending = new Map<
    number,
    { resolve: (v: never) => void; reject: (e: unknown) => void; onEvent?: (e: never) => void }
  >()
  let nextId = 0
  let ended: Error | undefined

  const end = (error: Error) => {
    ended ??= error
    for (const call of pending.values()) call.reject(ended)
    pending.clear()
  }
  worker.on('message', (reply: Reply) => {
    const call = pending.get(reply.id)
    if (!call) return
    if (reply.kind === 'event') return call.onEvent?.(reply.event as never)
    pending.delete(reply.id)
    if (reply.kind === 'result') call.resolve(reply.value as never)
    else call.reject(unpackError(reply.error))
  })
  worker.on('error', (cause) => end(new ThreadEnded(`The inference thread failed: ${String(cause)}`, { cause })))
  worker.on('exit', (code) => end(new ThreadEnded(`The inference thread ended with code ${code}`)))
  // An idle engine does not keep a command from ending.
  worker.unref()

  return {
    call: (method, argument, { onEvent, signal, transfer = [] } = {}) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended)
        if (signal?.aborted) return reject(signal.reason)
        const id = nextId++
        const abort = () => worker.postMessage({ kind: 'abort', id } satisfies Abort)
        const settle = <A>(then: (a: A) => void) => {
          return (a: A) => {
            signal?.removeEventListener('abort', abort)
            if (pending.size === 0) worker.unref()
            then(a)
          }
        }
        // Before the call counts as pending, because it throws if the argument can't be cloned.
        worker.postMessage({ kind: 'call', id, method, argument } satisfies Call, transfer)
        worker.ref()
        // Events come in the context of whoever started the thread; those of a call belong to its caller.
        pending.set(id, {
          resolve: settle(resolve),
          reject: settle(reject),
          ...(onEvent && { onEvent: AsyncResource.bind(onEvent) }),
        })
        signal?.addEventListener('abort', abort, { once: true })
      }),
    close: async () => {
      if (ended) return
      const exited = once(worker, 'exit')
      await worker.terminate()
      await exited.catch(() => undefined)
    },
    hasEnded: () => ended !== undefined,
  }
}

/**
 * Starts `module` (a TypeScript file that calls `serveThread`) in a worker thread. One that fails takes the calls under way
 * with it; the next call starts another.
 */
export const startThread = (module: URL, data: unknown): Thread => {
  let thread = runThread(module, data)
  let closed = false
  return {
    call: (method, argument, options) => {
      if (thread.hasEnded() && !closed) thread = runThread(module, data)
      return thread.call(method, argument, options)
    },
    close: () => {
      closed = true
      return thread.close()
    },
  }
}

export interface CallContext {
  emit(event: unknown): void
  signal: AbortSignal
}

/** A value whose buffers move to the caller instead of being copied. */
export class Moved<T> {
  readonly value: T
  readonly buffers: Transferable[]
  constructor(value: T, buffers: Transferable[]) {
    this.value = value
    this.buffers = buffers
  }
}

type Methods = Record<string, (argument: never, context: CallContext) => Promise<unknown>>

/** In the thread: answers calls with what `create` makes of the `data` given to `startThread`. */
export const serveThread = <D>(create: (data: D) => Promise<Methods>): void => {
  const port = parentPort
  if (!port) throw new Error('serveThread runs in a worker thread only')
  const methods = create(workerData as D)
  const running = new Map<number, AbortController>()
  methods.catch(() => undefined)

  const answer = async ({ id, method, argument }: Call) => {
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const run = (await methods)[method]
      if (!run) throw new Error(`This thread has no method ${method}`)
      const emit = (event: unknown) => port.postMessage({ kind: 'event', id, event } satisfies Reply)
      const value = await run(argument as never, { emit, signal: controller.signal })
      if (value instanceof Moved)
        port.postMessage({ kind: 'result', id, value: value.value } satisfies Reply, value.buffers)
      else port.postMessage({ kind: 'result', id, value } satisfies Reply)
    } catch (error) {
      port.postMessage({ kind: 'error', id, error: packError(error) } satisfies Reply)
    } finally {
      running.delete(id)
    }
  }
  port.on('message', (message: Call | Abort) => {
    if (message.kind === 'abort') running.get(message.id)?.abort()
    else void answer(message)
  })
}
