import { type Browser, chromium } from 'playwright-core'
import { ensureInstalled } from './apt.ts'

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

/** Debian's Chromium, installed where it is missing. */
export const launchChromium = async (): Promise<Browser> => {
  await ensureInstalled(executablePath, ['chromium', 'fonts-dejavu-core'])
  return chromium.launch({ executablePath, args })
}
