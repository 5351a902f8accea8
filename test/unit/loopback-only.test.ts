import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { expect, inject, it } from 'vitest'
import { listenOnLoopback } from '../support/listen-on-loopback.ts'

const documentation = '192.0.2.1'
const fetchIn = (url: string) =>
  promisify(execFile)(process.execPath, ['-e', `fetch('${url}').catch((error) => console.log(error.cause.message))`])

it.each([`http://${documentation}/`, 'http://[2001:db8::1]/', 'https://idem.example/'])(
  'refuses a unit test a request to %s',
  async (url) => {
    await expect(fetch(url)).rejects.toMatchObject({ cause: { message: expect.stringContaining('must not') } })
  },
)

it('refuses a connection to an address that a lookup of its own has found', async () => {
  const lookup = (_: string, __: object, done: (error: null, address: string, family: number) => void) =>
    done(null, documentation, 4)
  const [error] = await once(connect({ host: 'localhost', port: 1, lookup: lookup as never }), 'error')
  expect(String(error)).toContain(`must not connect to ${documentation}`)
})

it('refuses its child processes the same', async () => {
  expect((await fetchIn(`http://${documentation}/`)).stdout).toContain('must not connect to')
})

it('allows requests to this machine', async () => {
  const server = createServer((_, response) => response.end('here'))
  const port = await listenOnLoopback(server)
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('here')
  expect(await (await fetch(`http://localhost:${port}`)).text()).toBe('here')
  server.close()
})

it('starts no Temporal', () => {
  expect(() => spawn('/usr/bin/temporal', ['server', 'start-dev'])).toThrow('must not start temporal')
  expect(inject('temporalAddress')).toBeUndefined()
})
