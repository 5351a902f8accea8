import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createGuardedLookup, isAddressAllowed } from '../../../activities/shared/address-guard.ts'

const strict = { allowPrivateNetwork: false }
const development = { allowPrivateNetwork: true }

const publicAddresses = ['1.1.1.1', '93.184.215.14', '172.32.0.1', '192.0.1.1', '2606:4700:4700::1111', '2a00:1450::1']

const privateAddresses = ['127.0.0.1', '127.255.255.254', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1']
const privateIpv6 = ['::1', '0:0:0:0:0:0:0:1', 'fc00::1', 'fd12:3456:789a::1']
const privateMapped = ['::ffff:127.0.0.1', '::ffff:7f00:1', '::FFFF:10.0.0.1', '0:0:0:0:0:ffff:c0a8:0101']

const neverAllowed = {
  unspecified: ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0'],
  broadcast: ['255.255.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1'],
  'link-local': ['169.254.0.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', '::ffff:169.254.1.1'],
  'site-local': ['fec0::1'],
  metadata: [
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::ffff:168.63.129.16',
  ],
  'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  benchmarking: ['198.18.0.1', '198.19.255.255', '2001:2::1'],
  reserved: ['240.0.0.1', '192.0.0.1', '192.88.99.1'],
  NAT64: ['64:ff9b::127.0.0.1', '64:ff9b::1.1.1.1', '64:ff9b:1::10.0.0.1', '64:ff9b:1:ffff::1'],
  '6to4': ['2002:7f00:1::', '2002:0101:0101::1'],
  Teredo: ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  'IPv4-compatible': ['::127.0.0.1', '::7f00:1', '::1.1.1.1'],
  'IPv4-translated': ['::ffff:0:127.0.0.1'],
  discard: ['100::1'],
  'segment routing': ['5f00::1'],
  unassigned: ['4000::1', '8000::1', 'e000::1'],
  'not an address': [
    '',
    'localhost',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.0.0.1.',
    '1.1.1.1/8',
    '[::1]',
  ],
}

describe('isAddressAllowed', () => {
  it.each(publicAddresses)('allows the public %s', (address) => {
    expect(isAddressAllowed(address, strict)).toBe(true)
    expect(isAddressAllowed(address, development)).toBe(true)
  })

  it.each([...privateAddresses, ...privateIpv6, ...privateMapped])('allows %s in development alone', (address) => {
    expect(isAddressAllowed(address, strict)).toBe(false)
    expect(isAddressAllowed(address, development)).toBe(true)
  })

  it.each(Object.entries(neverAllowed).flatMap(([kind, addresses]) => addresses.map((address) => [kind, address])))(
    'never allows %s: %s',
    (_, address) => {
      expect(isAddressAllowed(address!, strict)).toBe(false)
      expect(isAddressAllowed(address!, development)).toBe(false)
    },
  )

  it('refuses a mapped public address, which nobody needs', () => {
    expect(isAddressAllowed('::ffff:1.1.1.1', strict)).toBe(false)
  })
})

const answering = (...addresses: string[]): LookupFunction =>
  ((_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as LookupFunction

const resolve = (lookup: LookupFunction, all: boolean) =>
  new Promise<string | LookupAddress[]>((done, fail) =>
    createGuardedLookup(strict, lookup)('photos.example', { all }, (error, found) =>
      error ? fail(error) : done(found),
    ),
  )

describe('createGuardedLookup', () => {
  it('gives all public addresses, or the first where one is wanted', async () => {
    const lookup = answering('2606:4700:4700::1111', '1.1.1.1')
    expect(await resolve(lookup, true)).toEqual([
      { address: '2606:4700:4700::1111', family: 6 },
      { address: '1.1.1.1', family: 4 },
    ])
    expect(await resolve(lookup, false)).toBe('2606:4700:4700::1111')
  })

  it.each([
    ['a private one alone', ['127.0.0.1']],
    ['a private one after a public one', ['1.1.1.1', '10.0.0.1']],
    ['a private one before a public one', ['::1', '1.1.1.1']],
    ['a link-local one with a zone', ['fe80::1%2']],
    ['none at all', []],
  ])('refuses a name whose addresses hold %s', async (_, addresses) => {
    for (const all of [true, false]) {
      await expect(resolve(answering(...addresses), all)).rejects.toMatchObject({
        kind: 'address_refused',
        retryable: false,
        details: { reason: 'not_public' },
      })
    }
  })

  it("passes the resolver's own error on", async () => {
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    const lookup = ((_name, _options, callback) => callback(error, [])) as LookupFunction
    await expect(resolve(lookup, true)).rejects.toBe(error)
  })
})
