import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { writeTokenFile } from '../../../api/token-file.ts'
import { makeToken } from '../../../api/token-records.ts'
import { type Child, startChild } from '../../../cli/stack/child.ts'
import { type DevServer, startDevServer } from '../../../cli/stack/dev-server.ts'
import { freePort } from '../../../lib/ports.ts'
import { openPage, screenshot, seriousViolations } from '../../support/browser-page.ts'
import { launchChromium } from '../../support/chromium.ts'

// An API that asks for tokens, in front of workers that have no device yet.

let stateDir: string
let temporal: DevServer
let browser: Browser
let env: NodeJS.ProcessEnv
let url: string
let token: string
const children: Child[] = []

const startWorker = async (queues: string) => {
  const module = new URL('../../../cli/worker.ts', import.meta.url)
  children.push(await startChild({ name: queues, module, args: ['--queues', queues], env, onLine: () => undefined }))
}

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'idem-cold-'))
  const apiPort = await freePort()
  temporal = await startDevServer({
    cli: inject('temporalCli'),
  })
  const made = await makeToken('acme', { scope: 'api' })
  token = made.token
  await writeTokenFile(join(stateDir, 'tokens.json'), [made.record])
  url = `http://127.0.0.1:${apiPort}`
  env = {
    ...process.env,
    TEMPORAL_ADDRESS: temporal.address,
    IDEM_STATE: stateDir,
    IDEM_PORT: `${apiPort}`,
    IDEM_PUBLIC_URL: url,
    IDEM_TOKENS: join(stateDir, 'tokens.json'),
    IDEM_LOG_LEVEL: 'warn',
  }
  const module = new URL('../../../api/node.ts', import.meta.url)
  children.push(await startChild({ name: 'api', module, env, onLine: () => undefined }))
  ;[browser] = await Promise.all([launchChromium(), startWorker('control,cpu')])
})
afterAll(async () => {
  await browser?.close()
  await Promise.all(children.map((child) => child.stop()))
  await temporal?.stop()
  await rm(stateDir, { recursive: true, force: true })
})

describe('the page of an API with tokens and no device yet', () => {
  it('asks for a token, goes on with what was asked, and shows the queue and the cold start', async () => {
    const { page, context, complaints } = await openPage(browser, url)
    await page.getByRole('button', { name: 'Sample male 26' }).click()
    await page.getByRole('heading', { name: 'This API asks for a token' }).waitFor()
    await screenshot(page, 'token-light')
    expect(await seriousViolations(page)).toEqual([])
    await page.getByLabel('Token', { exact: true }).fill('not-a-token')
    await page.keyboard.press('Enter')
    await page.getByText('The token is invalid').waitFor()
    await page.getByLabel('Token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Use this token' }).click()
    await page.getByLabel(/^Face 1, \d+ % sure/).waitFor()

    await page.getByLabel('Number of pictures', { exact: true }).fill('1')
    await page.getByLabel('Steps', { exact: true }).fill('8')
    const start = page.getByRole('button', { name: 'Start' })
    await start.click()
    await page.getByText('No worker with a device is running.').waitFor()
    await screenshot(page, 'cold-start-light')
    const first = page.url()
    await start.click()
    await page.waitForURL((now) => now.href !== first)
    await page.getByText('One run of yours is ahead').waitFor()
    await screenshot(page, 'queue-light')
    expect(await seriousViolations(page)).toEqual([])

    await startWorker('gpu')
    await page.getByText(/1 picture in [\d.]+ s/).waitFor()
    await page.getByText('The request', { exact: true }).click()
    expect(await page.locator('pre').innerText()).toContain('authorization: Bearer $IDEM_API_TOKEN')

    await page.getByRole('button', { name: 'Forget token' }).click()
    await page.getByRole('heading', { name: 'This API asks for a token' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})
