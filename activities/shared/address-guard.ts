import dns from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { buildConnector } from 'undici'
import { GuardedFetchError } from './guarded-fetch-error.ts'

export interface AddressGuardOptions {
  /** Lets loopback and private ranges (RFC 1918, RFC 4193) through, for development; the rest stays refused. */
  allowPrivateNetwork: boolean
}

// IANA's IPv6 global unicast space. All else is refused, also what ipaddr.js has no name for, as `::127.0.0.1`.
const globalUnicast: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3]

const privateRanges: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal'])

// Clouds' metadata and host services that lie in ranges which are public, or which a private network may use.
const metadata: ReadonlySet<string> = new Set(['168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254'])

/**
 * Whether a connection to this address may be made. Only addresses of the public internet pass: no special range of
 * IANA's registries, in IPv4 or IPv6, and no IPv6 form that carries an IPv4 address (mapped, NAT64, 6to4, Teredo).
 * `address` is what a resolver gives, not what a URL may spell.
 */
export const isAddressAllowed = (address: string, { allowPrivateNetwork }: AddressGuardOptions): boolean => {
  if (!ipaddr.isValid(address) || isIP(address) === 0) return false
  // ipaddr.js takes the deprecated `::127.0.0.1` for a mapped address.
  if (address.includes(':') && address.includes('.') && !/(^|:)ffff:\d+\./i.test(address)) return false
  // A mapped address is the IPv4 address to the system that connects to it.
  const parsed = ipaddr.process(address)
  if (metadata.has(parsed.toString())) return false
  const range = parsed.range()
  if (allowPrivateNetwork && privateRanges.has(range)) return true
  if (ipaddr.parse(address).kind() !== parsed.kind() || range !== 'unicast') return false
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(globalUnicast)
}

/**
 * Resolves a name once and gives its addresses only if all of them may be connected to: who answers with a public and a
 * private address means no good.
 */
export const createGuardedLookup =
  (options: AddressGuardOptions, lookup: LookupFunction = dns.lookup): LookupFunction =>
  (hostname, lookupOptions, callback) =>
    lookup(hostname, { ...lookupOptions, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      const addresses = found as dns.LookupAddress[]
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => isAddressAllowed(address, options))) {
        return callback(GuardedFetchError.addressRefused('not_public'), '', 0)
      }
      if (lookupOptions.all) return callback(null, addresses)
      callback(null, first.address, first.family)
    })

/**
 * undici's connector behind the guard. The check is part of connecting, so that the address that was checked is the one
 * connected to, and no redirect gets around it.
 */
export const createGuardedConnector = (
  options: AddressGuardOptions,
  { lookup, timeoutMs, ca }: { lookup?: LookupFunction; timeoutMs: number; ca?: string },
): buildConnector.connector => {
  const connect = buildConnector({ timeout: timeoutMs, lookup: createGuardedLookup(options, lookup), ca })
  return (target, callback) => {
    // The system asks no lookup for a literal.
    if (isIP(target.hostname) !== 0 && !isAddressAllowed(target.hostname, options)) {
      return callback(GuardedFetchError.addressRefused('not_public'), null)
    }
    connect(target, callback)
  }
}
