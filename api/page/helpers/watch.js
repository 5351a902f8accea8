import { connection, untilBack } from '../state/connection.js'
import { getPrediction, isTerminal, local } from './api.js'

const againMs = 1_000

/**
 * Follows a prediction to its end, by its stream, over lost connections and restarts. Tells `{ prediction }` when it is
 * read and `{ progress }` as it goes on; `{ problem }` where it cannot be read. Returns a function that stops.
 */
export const watchPrediction = (id, tell) => {
  let [source, timer, stopped] = [undefined, undefined, false]

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
      if (!stopped) tell({ problem })
    }
  }
  const readSoon = () => {
    source?.close()
    clearTimeout(timer)
    timer = setTimeout(read, againMs)
  }
  const open = (url) => {
    source = new EventSource(url)
    source.addEventListener('open', () => {
      connection.value = 'up'
    })
    source.addEventListener('progress', ({ data }) => !stopped && tell({ progress: JSON.parse(data) }))
    source.addEventListener('done', () => {
      source.close()
      void read()
    })
    source.addEventListener('error', ({ data }) => {
      // The prediction's own `error` has data; `done` comes after it.
      if (data !== undefined || stopped) return
      const closed = source.readyState === EventSource.CLOSED
      // The browser comes again by itself, unless the answer was no stream.
      void untilBack().then(() => closed && !stopped && readSoon())
    })
  }
  void read()
  return stop
}
