import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'

const screens = resolve(import.meta.dirname, '../../out/screens')

const wide = { width: 1280, height: 860 }
export const narrow = { width: 360, height: 740 }

export interface OpenPage {
  readonly page: Page
  readonly context: BrowserContext
  /** What the page has complained of: errors of its own, and what the Content-Security-Policy refused. */
  readonly complaints: string[]
}

export interface OpenOptions {
  viewport?: { width: number; height: number }
  colorScheme?: 'light' | 'dark'
}

/** A browser of a person of their own, at a URL. */
export const openPage = async (browser: Browser, url: string, options: OpenOptions = {}): Promise<OpenPage> => {
  const context = await browser.newContext({
    viewport: wide,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write', 'camera'],
    ...options,
  })
  // Only what hangs takes longer.
  context.setDefaultTimeout(90_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // What the server refuses, or cannot answer, is logged by the browser too.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      complaints.push(message.text())
    }
  })
  await page.goto(url)
  return { page, context, complaints }
}

/** Writes a picture of the whole page to be looked at. */
export const screenshot = async (page: Page, name: string): Promise<void> => {
  await mkdir(screens, { recursive: true })
  // A window as high as the page: what sticks to its end would hide something otherwise.
  const size = page.viewportSize() ?? wide
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.setViewportSize({ ...size, height: Math.max(size.height, height) })
  // Lazy ones too, that have come into the window.
  await page
    .waitForFunction(() => [...document.images].every(({ complete }) => complete), undefined, { timeout: 5_000 })
    .catch(() => undefined)
  await page.screenshot({ path: join(screens, `${name}.png`), fullPage: true })
  await page.setViewportSize(size)
}

/** What axe finds that keeps people out: `rule: selector`. */
export const seriousViolations = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe.source)
  const results = (await page.evaluate('axe.run()')) as AxeResults
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary}`),
    )
}

/** How far the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
