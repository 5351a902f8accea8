import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../../lib/ports.ts'

const rangeFile = '/proc/sys/net/ipv4/ip_local_port_range'

describe('a free port', () => {
  it.skipIf(!existsSync(rangeFile))('is none that the system gives to outgoing connections', async () => {
    const [from, to] = readFileSync(rangeFile, 'utf8').split(/\s+/).map(Number)
    const ports = await Promise.all(Array.from({ length: 50 }, freePort))
    expect(new Set(ports).size).toBe(50)
    expect(ports.filter((port) => port >= from! && port <= to!)).toEqual([])
  })
})
