import { describe, expect, it } from 'vitest'
import { clientAddress, parseProxies } from '../../../api/client-address.ts'

const proxies = parseProxies('X', ['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])
const none = parseProxies('X', [])

describe('the address of a client', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '::/64'],
    [undefined, undefined],
    ['', undefined],
  ])('is the other end of the connection, by its network: %s', (remote, address) => {
    expect(clientAddress(remote, '198.51.100.1', none)).toBe(address)
    expect(clientAddress(remote, undefined, proxies)).toBe(address)
  })

  it.each([
    ['10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['10.1.2.3', '198.51.100.66, 203.0.113.9', '203.0.113.9'],
    ['10.1.2.3', '198.51.100.66, 203.0.113.9, 192.0.2.7,10.9.9.9', '203.0.113.9'],
    ['::ffff:10.1.2.3', '2001:db8::5', '2001:db8::/64'],
    ['fd12::1', '10.0.0.1', '10.0.0.1'],
    ['10.1.2.3', '203.0.113.9, nonsense', '10.1.2.3'],
    ['10.1.2.3', '', '10.1.2.3'],
    ['10.1.2.3', ',,,', '10.1.2.3'],
    ['203.0.113.1', '198.51.100.66', '203.0.113.1'],
    ['10.1.2.3', Array.from({ length: 2000 }, () => '10.0.0.1').join(), '10.0.0.1'],
  ])('is what known proxies say, from the right: %s, %s', (remote, forwardedFor, address) => {
    expect(clientAddress(remote, forwardedFor, proxies)).toBe(address)
  })

  it('of a proxy must be one', () => {
    for (const entry of ['10.0.0.0/33', 'proxy.example', '10.0.0', '']) {
      expect(() => parseProxies('IDEM_TRUSTED_PROXIES', [entry])).toThrow('IDEM_TRUSTED_PROXIES')
    }
  })
})
