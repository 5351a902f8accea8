// Loaded by every process of the unit tests, children included: none of them leaves the machine or starts Temporal.
import { ChildProcess } from 'node:child_process'
import dns from 'node:dns'
import net from 'node:net'
import { basename } from 'node:path'

const loopback = new net.BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

const isLoopback = (address) => loopback.check(address, net.isIPv6(address) ? 'ipv6' : 'ipv4')
const refusal = (what) => new Error(`A unit test must not ${what}: move it to test/temporal, test/e2e or test/deploy`)

/** Asks no name server; what a lookup that was handed in finds must be of this machine too. */
const guardLookup = (lookup) => (host, options, done) => {
  if (lookup === undefined && host !== 'localhost') return done(refusal(`look up ${host}`))
  const ask = lookup ?? originalLookup
  ask(host, options, (error, found, family) => {
    if (error) return done(error)
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found]
    const stranger = addresses.find((address) => !isLoopback(address))
    if (stranger) return done(refusal(`connect to ${stranger}`))
    done(null, found, family)
  })
}

const originalLookup = dns.lookup
const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const [options, listener] = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args)
  const { path, host = 'localhost', lookup } = options
  if (path) return connect.call(this, options, listener)
  if (net.isIP(host) && !isLoopback(host)) {
    this.destroy(refusal(`connect to ${host}`))
    return this
  }
  return connect.call(this, { ...options, lookup: guardLookup(lookup) }, listener)
}

const spawn = ChildProcess.prototype.spawn
ChildProcess.prototype.spawn = function (options) {
  const program = basename(options.file)
  if (/^temporal/.test(program)) throw refusal(`start ${program}`)
  return spawn.call(this, options)
}
