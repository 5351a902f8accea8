import { connection, untilBack } from '../state/connection.js'
import { getPrediction, isTerminal, local } from './api.js'

/** @import { News } from '../types.ts' */

const againMs = 1_000

/**
 * Follows a prediction to its end, by its stream, over lost connections and restarts. Tells `{ prediction }` when it is
 * read and `{ progress }` as it goes on; `{ problem }` where it cannot be read. Returns a function that stops.
 *
 * @type {(id: string, tell: (news: News) => void) => () => void}
 */
export const watchPrediction = (id, tell) => {
  /** @type {EventSource | undefined} */
  let source
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let stopped = false

  const stop = () => {
    stopped = true
    source?.close()
    clearTimeout(timer)
  }
  const read = async () => {
    try {
      const prediction = await getPrediction(id)
      if (stopped) return
      tell({ prediction })
      if (!isTerminal(prediction)) open(local(`${prediction.urls.stream}&progress=true`))
    } catch (problem) {
      if (!stopped) tell({ problem: /** @type {import('./api.js').ApiProblem} */ (problem) })
    }
  }
  const readSoon = () => {
    source?.close()
    clearTimeout(timer)
    timer = setTimeout(read, againMs)
  }
  /** @param {string} url */
  const open = (url) => {
    const events = new EventSource(url)
    source = events
    events.addEventListener('open', () => {
      connection.value = 'up'
    })
    events.addEventListener('progress', ({ data }) => !stopped && tell({ progress: JSON.parse(data) }))
    events.addEventListener('done', () => {
      events.close()
      void read()
    })
    events.addEventListener('error', (event) => {
      const data = 'data' in event ? event.data : undefined
      // The prediction's own `error` has data; `done` comes after it.
      if (data !== undefined || stopped) return
      const closed = events.readyState === EventSource.CLOSED
      // The browser comes again by itself, unless the answer was no stream.
      void untilBack().then(() => closed && !stopped && readSoon())
    })
  }
  void read()
  return stop
}
