import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Network = [Address, number]

/** More proxies than any request passes. */
const maxHops = 16
/** An IPv6 network has this prefix at least, so that is what one client can have. */
const ipv6Prefix = 64

/** Without the short forms of IPv4, such as `10.1`, which nothing sends. */
const isAddress = (text: string) => ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)

const parse = (text: string): Address | undefined => (isAddress(text) ? ipaddr.process(text) : undefined)

/** Reads addresses and networks of proxies: `10.0.0.0/8,fd00::1`. Throws if one of them is malformed. */
export const parseProxies = (name: string, entries: readonly string[]): Network[] =>
  entries.map((entry) => {
    if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry)
    const address = parse(entry)
    if (address) return [address, address.kind() === 'ipv4' ? 32 : 128]
    throw new Error(`${name} has ${JSON.stringify(entry)}; it takes addresses and networks such as 10.0.0.0/8`)
  })

const isIn = (address: Address, networks: readonly Network[]): boolean =>
  networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network as never, bits))

/** An IPv4 address, or the network of an IPv6 address: whoever has one of its addresses has all of them. */
const clientOf = (address: Address): string => {
  if (address.kind() === 'ipv4') return address.toString()
  const network = (address as ipaddr.IPv6).parts.map((part, index) => (index < ipv6Prefix / 16 ? part : 0))
  return `${new ipaddr.IPv6(network)}/${ipv6Prefix}`
}

/**
 * Which client a request comes from: the other end of its connection. Only what proxies that are known have added to
 * `X-Forwarded-For` is believed, from the right to the left; anyone can send the rest.
 *
 * @example
 * clientAddress('10.0.0.7', '203.0.113.9', parseProxies('IDEM_TRUSTED_PROXIES', ['10.0.0.0/8'])) // '203.0.113.9'
 */
export const clientAddress = (
  remote: string | undefined,
  forwardedFor: string | undefined,
  proxies: readonly Network[],
): string | undefined => {
  let address = parse(remote ?? '')
  if (!address) return undefined
  if (proxies.length === 0) return clientOf(address)
  for (const hop of (forwardedFor ?? '').split(',').slice(-maxHops).reverse()) {
    if (!isIn(address, proxies)) break
    const before = parse(hop.trim())
    if (!before) break
    address = before
  }
  return clientOf(address)
}
