// For HEALTHCHECK: whether the role of this container answers, the API or a worker. The image has no curl.
const { IDEM_PORT, IDEM_HEALTH_PORT } = process.env

const answers = (port) =>
  fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) }).then(
    ({ ok }) => ok,
    () => false,
  )

const found = await Promise.all([answers(IDEM_PORT || 8787), answers(IDEM_HEALTH_PORT || 8788)])
process.exit(found.includes(true) ? 0 : 1)
