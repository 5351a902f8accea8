import { boundedString } from '../lib/bounded-schema.ts'

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const label = '[A-Za-z0-9]+(-[A-Za-z0-9]+)*'
const host = `((${label}\\.)*[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*|${octet}(\\.${octet}){3})`

/** Pattern of an http(s) URL in API documents; it matches a subset of what is accepted. */
export const httpUrlPattern = `https?://${host}(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?`

export const maxUrlLength = 4096

/** A host name (non-ASCII labels in xn-- form) or an IP address. `URL` accepts more than that. */
const hostName = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])$/

export const isHttpUrl = (text: string): boolean => {
  if (text.length > maxUrlLength || !URL.canParse(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  // URLs with credentials are never fetched: they would be sent along.
  return /^https?:$/.test(protocol) && hostName.test(hostname) && username === '' && password === ''
}

export const httpUrlSchema = boundedString(maxUrlLength)
  .refine(isHttpUrl, { message: 'Must be an http(s) URL', params: { type: 'url_invalid' } })
  .meta({ pattern: `^${httpUrlPattern}$` })
