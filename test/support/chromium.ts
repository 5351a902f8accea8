import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { withLock } from './with-lock.ts'

const run = promisify(execFile)
const executablePath = '/usr/bin/chromium'

// No sandbox for root; no calls of the browser's own.
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A camera that shows a moving pattern, and a person who allows it.
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
]

const isThere = () =>
  access(executablePath).then(
    () => true,
    () => false,
  )

const install = async (): Promise<void> => {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await run('apt-get', ['update'], { env })
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], { env })
  } catch (cause) {
    throw new Error(`These tests need ${executablePath}; apt-get could not install it`, { cause })
  }
}

/** Debian's Chromium, installed where it is missing. */
export const launchChromium = async (): Promise<Browser> => {
  await withLock('apt', async () => {
    if (!(await isThere())) await install()
  })
  return chromium.launch({ executablePath, args })
}
