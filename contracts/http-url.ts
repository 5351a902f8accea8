import { z } from 'zod'

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const label = '[A-Za-z0-9]+(-[A-Za-z0-9]+)*'
const host = `((${label}\\.)*[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*|${octet}(\\.${octet}){3})`

/** What API documents say of an http(s) URL; a little less than what is taken. */
export const httpUrlPattern = `https?://${host}(:[1-9][0-9]{0,3})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?`

export const maxUrlLength = 4096

/** A name, with what is not ASCII in its xn-- form, or an address: URL lets through more. */
const hostName = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])$/

export const isHttpUrl = (text: string): boolean => {
  if (text.length > maxUrlLength || !URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return /^https?:$/.test(protocol) && hostName.test(hostname)
}

export const httpUrlSchema = z
  .string()
  .max(maxUrlLength)
  .refine(isHttpUrl, { message: 'Not an http(s) URL', params: { type: 'url_invalid' } })
  .meta({ pattern: `^${httpUrlPattern}$` })
