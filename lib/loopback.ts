/** Host names that mean this machine, as they appear in a URL or a `Host` header, IPv6 in brackets. */
const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** Whether an address to listen on, such as `::1`, is reachable from this machine only. */
export const isLoopback = (host: string): boolean => loopbackHosts.has(host) || loopbackHosts.has(`[${host}]`)

/** The host name in a `Host` header or the authority of a URL, without the port and in lower case. */
const hostnameOf = (authority: string): string => authority.trim().toLowerCase().replace(/:\d*$/, '')

/**
 * Whether a server that everyone may use without a token should answer a request for this host. A web page can point a name
 * of its own at 127.0.0.1 (DNS rebinding), and the browser then takes the page and the server for one origin. The `Host` header still
 * carries that name.
 *
 * @example mayAnswer('localhost:8787') // true
 * @example mayAnswer('evil.example:8787') // false
 */
export const mayAnswer = (authority: string | undefined, more: readonly string[] = []): boolean => {
  const hostname = hostnameOf(authority ?? '')
  return loopbackHosts.has(hostname) || more.includes(hostname)
}
