import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { clearLockedPorts } from 'get-port'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApiClient } from '../../../cli/client/api-client.ts'
import { follow } from '../../../cli/client/follow.ts'
import type { Stack } from '../../../cli/stack/stack.ts'
import { decodePhoto } from '../../../inference/photos/decode.ts'
import { encodePng } from '../../../inference/photos/encode.ts'
import { narrow, type OpenPage, openPage, overflow, screenshot, seriousViolations } from '../../support/browser-page.ts'
import { launchChromium } from '../../support/chromium.ts'
import { createGates } from '../../support/gates.ts'
import { samplePhoto } from '../../support/sample-photo.ts'
import { startStackIn } from '../../support/test-stack.ts'

const run = promisify(execFile)

let stateDir: string
let port = 0
let stack: Stack
let browser: Browser
let open: OpenPage
let page: Page

const start = async () => {
  stack = await startStackIn(stateDir, { env: { IDEM_PORT: `${port}` } })
  port = Number(new URL(stack.apiUrl).port)
}

const button = (name: string | RegExp) => page.getByRole('button', { name })
const heading = (name: string) => page.getByRole('heading', { name })
const slide = (label: string, value: number) => page.getByLabel(label, { exact: true }).fill(`${value}`)
const choose = (name: string, mimeType: string, buffer: Buffer) =>
  page.getByLabel('Choose a photo').setInputFiles({ name, mimeType, buffer })
const greyPng = async () =>
  Buffer.from(await encodePng({ data: new Uint8Array(256 * 256 * 3).fill(128), width: 256, height: 256 }))

const takeSample = async (name = 'male 26') => {
  await button(`Sample ${name}`).click()
  await page.getByLabel(/^Face 1, \d+ % sure/).waitFor()
}
const begin = async (settings: Record<string, number>) => {
  for (const [label, value] of Object.entries(settings)) await slide(label, value)
  await button('Start').click()
  await page.waitForURL(/#\/run\//)
}
const done = () => page.getByText(/^\d+ pictures? in \d/).waitFor()
const runId = () => new URL(page.url()).hash.split('/').at(-1)!

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'idem-page-'))
  ;[browser] = await Promise.all([launchChromium(), start()])
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
  await rm(stateDir, { recursive: true, force: true })
})

beforeEach(async () => {
  open = await openPage(browser, stack.apiUrl)
  ;({ page } = open)
})
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await screenshot(page, `failed-${task.name.slice(0, 30)}`)
  expect(open.complaints).toEqual([])
  await open.context.close()
})

describe('the page', () => {
  it('goes from a sample to pictures with their similarity and seeds', async () => {
    await heading('New photos of the person in a photo').waitFor()
    expect(await button('Start').isDisabled()).toBe(true)
    expect(await seriousViolations(page)).toEqual([])
    await screenshot(page, 'empty-light')

    await takeSample()
    await page.getByLabel('The aligned crop of the face').waitFor()
    await screenshot(page, 'found-light')
    expect(await seriousViolations(page)).toEqual([])

    await slide('Similarity threshold', 0.2)
    await page.getByLabel('Seed').fill('11')
    await begin({ 'Number of pictures': 4, Steps: 100 })
    await page.getByAltText('Picture 1, not finished').waitFor()
    expect(await page.getByRole('progressbar').getAttribute('max')).toBe('100')
    await screenshot(page, 'progress-light')
    expect(await seriousViolations(page)).toEqual([])

    await done()
    await expect.poll(() => page.getByRole('img', { name: /^Similarity 0\.\d\d/ }).count()).toBe(4)
    expect(await page.getByText('your threshold, 0.20').isVisible()).toBe(true)
    const prediction = await createApiClient(stack.apiUrl).get(runId())
    for (const [index, seed] of (prediction.metrics.seeds as number[]).entries()) {
      expect(await page.getByAltText(`Picture ${index + 1}, seed ${seed}`).isVisible()).toBe(true)
    }
    await screenshot(page, 'result-light')
    expect(await seriousViolations(page)).toEqual([])

    const downloading = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download Picture 1' }).click()
    const bytes = await readFile(await (await downloading).path())
    expect(await decodePhoto(new Uint8Array(bytes))).toMatchObject({ width: 128, height: 128 })
    const saving = page.waitForEvent('download')
    await button('Save the manifest').click()
    const manifest = JSON.parse(await readFile(await (await saving).path(), 'utf8'))
    expect(manifest).toMatchObject({ prediction: runId(), parameters: { num_steps: 100 } })
    expect(await page.getByRole('link', { name: 'Temporal UI' }).getAttribute('href')).toContain(runId())
  })

  it('keeps the pictures that are like the person while others are made again', async () => {
    const client = createApiClient(stack.apiUrl)
    const photo = await samplePhoto()
    const before = await client.create({ input_image: photo, num_images: 4, num_steps: 30, seed: 11 })
    const { metrics } = await follow(client, before, () => undefined)
    const sorted = (metrics.similarity as number[]).toSorted((a, b) => a - b)

    await takeSample()
    await page.getByLabel('Seed').fill('11')
    // Two of the four are to be made again.
    await slide('Similarity threshold', Math.ceil(((sorted[1]! + sorted[2]!) / 2) * 100) / 100)
    await begin({ 'Number of pictures': 4, Steps: 30 })
    await page.getByAltText('Picture 4, not finished').waitFor()
    let fewest = 4
    while (await page.getByRole('list', { name: 'Pictures as they emerge' }).isVisible()) {
      const shown = await page
        .locator('ul[aria-label="Pictures as they emerge"]')
        .evaluateAll(([list]) => (list ? list.querySelectorAll('img').length : undefined))
      fewest = Math.min(fewest, shown ?? 4)
    }
    await done()
    expect(fewest).toBe(4)
    const attempts = (await client.get(runId())).metrics.attempts as unknown[][]
    const counts = attempts.map((all) => all.length)
    expect(counts).toContain(1)
    expect(Math.max(...counts)).toBeGreaterThan(1)
  })

  it('is used with the keyboard alone', async () => {
    const tabTo = async (name: string) => {
      const target = button(name)
      await target.waitFor()
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab')
        if (await target.evaluate((element) => element === document.activeElement)) return
      }
      throw new Error(`The keyboard does not reach ${name}`)
    }
    await tabTo('Sample female 34')
    await page.keyboard.press('Enter')
    await page.getByLabel(/^Face 1/).waitFor()
    await slide('Steps', 4)
    await tabTo('Start')
    await page.keyboard.press('Enter')
    await page.waitForURL(/#\/run\//)
    // The pictures are where the keyboard goes on.
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('run-title')
    await done()
  })

  it('makes a picture again from its seed, and more of the same person', async () => {
    await takeSample()
    await begin({ 'Number of pictures': 1, Steps: 6 })
    await done()
    const first = runId()
    const imageOf = async () => {
      const url = await page
        .getByRole('link', { name: 'Download Picture 1' })
        .evaluate((a: HTMLAnchorElement) => a.href)
      const { data } = await decodePhoto(new Uint8Array(await (await fetch(url)).arrayBuffer()))
      return Buffer.from(data).toString('base64')
    }
    const image = await imageOf()
    await button('Again with this seed: Picture 1').click()
    await page.waitForURL((url) => url.hash.includes('/run/') && !url.hash.includes(first))
    await done()
    expect(await imageOf()).toBe(image)

    const second = runId()
    await button('More like this one').click()
    await page.waitForURL((url) => url.hash.includes('/run/') && !url.hash.includes(second))
    await done()
    expect(await imageOf()).not.toBe(image)
  })

  it('shows the request so that it works elsewhere', async () => {
    await takeSample()
    await begin({ 'Number of pictures': 1, Steps: 2 })
    await done()
    await page.getByText('The request', { exact: true }).click()
    await screenshot(page, 'request-light')
    const text = async (language: string) => {
      await page.getByLabel(language, { exact: true }).check()
      return page.locator('pre').innerText()
    }
    const { stdout } = await run('bash', ['-c', await text('curl')])
    expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded', metrics: { seeds: [expect.any(Number)] } })
    const node = await run(process.execPath, ['--input-type=module', '-e', await text('JavaScript')])
    expect(node.stdout).toContain('/v1/files/')
    const python = await run('python3', ['-c', await text('Python')])
    expect(python.stdout).toContain('/v1/files/')
    await button('Copy').click()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await page.locator('pre').innerText())
  })

  it('says which rule a photo broke, and how to mend it', async () => {
    await choose('wall.png', 'image/png', await greyPng())
    await page.getByText('No face was found in this photo', { exact: true }).waitFor()
    expect(await button('Start').isDisabled()).toBe(true)
    await screenshot(page, 'no-face-light')
    expect(await seriousViolations(page)).toEqual([])

    await button('Take another').click()
    await choose('letter.txt', 'text/plain', Buffer.from('This is not a photo, but a letter.'))
    await page.getByText('This file type is not supported', { exact: true }).waitFor()
    await screenshot(page, 'wrong-file-light')

    await button('Take another').click()
    await choose('empty.jpg', 'image/jpeg', Buffer.alloc(0))
    await page.getByText('This file is empty', { exact: true }).waitFor()
  })

  it('lets one of several faces be chosen', async () => {
    const [left, right] = await Promise.all(
      ['male_32.jpg', 'female_34.jpg'].map(async (name) =>
        decodePhoto(new Uint8Array(await readFile(`samples/${name}`))),
      ),
    )
    const { width, height } = left!
    const data = new Uint8Array(2 * width * height * 3)
    for (let y = 0; y < height; y++) {
      for (const [side, photo] of [left!, right!].entries()) {
        data.set(photo.data.subarray(y * width * 3, (y + 1) * width * 3), (2 * y + side) * width * 3)
      }
    }
    await choose('two.png', 'image/png', Buffer.from(await encodePng({ data, width: 2 * width, height })))
    await page.getByText('Whose pictures?').waitFor()
    await page.getByLabel(/^Face 2, \d+ % sure$/).check()
    await page.getByRole('img', { name: /^Face 2, .* box and landmarks/ }).waitFor()
    await screenshot(page, 'two-faces-light')
    expect(await seriousViolations(page)).toEqual([])
    await begin({ 'Number of pictures': 1, Steps: 2 })
    await done()
    expect(await createApiClient(stack.apiUrl).get(runId())).toMatchObject({ input: { face_selection: 1 } })
  })

  it('takes photos that are dropped and pasted, and of the camera', async () => {
    const portrait = (await readFile('samples/male_83.jpg')).toString('base64')
    const give = (type: 'drop' | 'paste') =>
      page.locator(type === 'drop' ? '.drop' : 'body').evaluate(
        (element, [kind, base64]) => {
          const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
          const transfer = new DataTransfer()
          transfer.items.add(new File([bytes], `${kind}.jpg`, { type: 'image/jpeg' }))
          const init = { bubbles: true, cancelable: true }
          element.dispatchEvent(
            kind === 'drop'
              ? new DragEvent('drop', { ...init, dataTransfer: transfer })
              : new ClipboardEvent('paste', { ...init, clipboardData: transfer }),
          )
        },
        [type, portrait] as const,
      )
    for (const type of ['drop', 'paste'] as const) {
      await button('Use the camera').waitFor()
      await give(type)
      await page.getByText(`${type}.jpg`).waitFor()
      await page.getByLabel(/^Face 1/).waitFor()
      await button('Take another').click()
    }
    await button('Use the camera').click()
    await button('Take it').click()
    await page.getByText('No face was found in this photo', { exact: true }).waitFor()
  })

  it('cancels, and says when the device was free', async () => {
    await takeSample()
    await begin({ 'Number of pictures': 8, Steps: 100 })
    await page.getByText(/^Step [1-9]\d* of 100/).waitFor()
    await button('Cancel').click()
    await page
      .getByText(/The device was free [\d.]+ s after you pressed Cancel\. It stopped at \d+ of 100 steps/)
      .waitFor()
    await screenshot(page, 'canceled-light')
    expect(await createApiClient(stack.apiUrl).get(runId())).toMatchObject({ status: 'canceled' })
  })

  it('goes on where it was after a reload, and over a restart of everything', async () => {
    await takeSample()
    await begin({ 'Number of pictures': 8, Steps: 100 })
    await page.getByText(/^Step [1-9]\d* of 100/).waitFor()
    await page.reload()
    await page.getByText(/^Step [1-9]\d* of 100/).waitFor()
    await page.getByAltText('Picture 1, not finished').waitFor()
    await stack.stop()
    await page.getByText('The API is not reachable. Reconnecting; nothing is lost.').waitFor()
    await screenshot(page, 'lost-light')
    // Or this process would keep away from the port that it had a moment ago.
    clearLockedPorts()
    await start()
    expect(stack.apiUrl).toBe(new URL(page.url()).origin)
    await done()
    expect(await page.getByText('The API is not reachable').count()).toBe(0)
  })

  it('deletes after asking, and says what is gone', async () => {
    await takeSample()
    await begin({ 'Number of pictures': 1, Steps: 2 })
    await done()
    const id = runId()
    await button('Delete').click()
    await heading('Delete this run?').waitFor()
    await screenshot(page, 'delete-light')
    expect(await seriousViolations(page)).toEqual([])
    await page.keyboard.press('Escape')
    expect(await heading('Delete this run?').count()).toBe(0)
    await button('Delete').click()
    await button('Delete it').click()
    await page.getByText('Its data can no longer be read').waitFor()
    await page.getByText(/files and \d+ histories were deleted/).waitFor()
    await expect(createApiClient(stack.apiUrl).get(id)).rejects.toThrow('Prediction not found')
    await page.goto(`${stack.apiUrl}/#/run/${id}`)
    await page.getByText('Prediction not found').waitFor()
    await screenshot(page, 'missing-light')
  })

  it('lists what was made, filters and pages it, and compares two', async () => {
    const client = createApiClient(stack.apiUrl)
    const photo = await samplePhoto('male_32.jpg')
    const { id } = await client.create({ input_image: photo, num_images: 1, num_steps: 100 })
    await client.cancel(id)
    for (let count = 0; count < 21; count++) {
      await client.create({ input_image: photo, num_images: 1, num_steps: count % 2 ? 1 : 2, seed: count })
    }
    await page.getByRole('link', { name: 'History' }).click()
    await page.getByLabel('Status').selectOption('succeeded')
    const boxes = page.getByRole('checkbox', { name: 'Compare the run' })
    const again = <T>(read: () => Promise<T>) => button('Read again').click().then(read)
    await expect.poll(() => again(() => boxes.count())).toBe(20)
    await page.getByLabel('Status').selectOption('')
    await expect.poll(() => again(() => page.locator('.row .status-processing').count())).toBe(0)
    const shown = () => page.locator('.row-main').evaluateAll((links) => links.map((link) => link.getAttribute('href')))
    const newest = await shown()
    await button('Older').click()
    await expect.poll(shown).not.toEqual(newest)
    expect((await shown()).filter((href) => newest.includes(href))).toEqual([])
    await button('Newer').click()
    await expect.poll(shown).toEqual(newest)

    await page.getByLabel('Status').selectOption('canceled')
    const shownStatuses = () => page.locator('.row .status').allInnerTexts()
    await expect.poll(async () => [...new Set(await shownStatuses())]).toEqual(['Canceled'])
    await page.getByLabel('Status').selectOption('succeeded')
    await expect.poll(() => boxes.count()).toBe(20)
    await page.getByRole('checkbox', { name: 'Compare the run' }).nth(0).check()
    await page.getByRole('checkbox', { name: 'Compare the run' }).nth(1).check()
    await screenshot(page, 'history-light')
    expect(await seriousViolations(page)).toEqual([])

    await page.getByRole('link', { name: 'Compare these two' }).click()
    await page.getByRole('row', { name: /Steps differs [12] [12]/ }).waitFor()
    expect(await page.getByRole('row', { name: /Scheduler dpmpp_2m dpmpp_2m/ }).isVisible()).toBe(true)
    await screenshot(page, 'compare-light')
    expect(await seriousViolations(page)).toEqual([])

    await page.goto(`${stack.apiUrl}/#/history`)
    await page.getByLabel('Status').selectOption('starting')
    await page.getByText('No runs on this page match the filters.').waitFor()
  })

  it('shows the runs of the filter that was chosen last, whichever answer comes last', async () => {
    await takeSample()
    await begin({ 'Number of pictures': 1, Steps: 2 })
    await done()
    const gates = createGates()
    const isAll = (url: URL) => url.pathname === '/v1/predictions' && !url.searchParams.has('status')
    await page.route(isAll, async (route) => {
      await gates.pass('all')
      await route.continue()
    })
    const overtaken = page.waitForResponse((response) => isAll(new URL(response.url())))
    await page.getByRole('link', { name: 'History' }).click()
    await gates.reached('all')
    await page.getByLabel('Status').selectOption('starting')
    const none = page.getByText('No runs on this page match the filters.')
    await none.waitFor()
    gates.open('all')
    await (await overtaken).finished()
    await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))))
    expect(await none.isVisible()).toBe(true)
  })

  it('takes the sample that was chosen last, whichever comes last', async () => {
    const gates = createGates()
    await page.route('**/samples/male_26.jpg', async (route) => {
      if (route.request().resourceType() === 'fetch') await gates.pass('first')
      await route.continue()
    })
    const overtaken = page.waitForResponse(
      (response) => response.url().endsWith('male_26.jpg') && response.request().resourceType() === 'fetch',
    )
    await button('Sample male 26').click()
    await gates.reached('first')
    await takeSample('female 34')
    gates.open('first')
    await (await overtaken).finished()
    await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))))
    expect(await page.getByText('female_34.jpg').isVisible()).toBe(true)
    expect(await page.getByLabel(/^Face 1, \d+ % sure/).isVisible()).toBe(true)
  })

  it('fits 360 px in the dark, for everyone', async () => {
    await open.context.close()
    open = await openPage(browser, stack.apiUrl, { viewport: narrow, colorScheme: 'dark' })
    ;({ page } = open)
    const check = async (name: string) => {
      await screenshot(page, `${name}-dark-360`)
      expect(await overflow(page)).toBe(0)
      expect(await seriousViolations(page)).toEqual([])
    }
    await button('Sample male 70').waitFor()
    await check('empty')
    await takeSample('male 70')
    await check('found')
    await begin({ 'Number of pictures': 4, Steps: 100 })
    await page.getByAltText('Picture 1, not finished').waitFor()
    await check('progress')
    await done()
    await check('result')
    await page.getByText('The request', { exact: true }).click()
    await page.getByText('Parameters', { exact: true }).click()
    await check('details')
    await page.getByRole('link', { name: 'History' }).click()
    await page.locator('.row').first().waitFor()
    await check('history')
    await page.getByRole('checkbox', { name: 'Compare the run', disabled: false }).nth(0).check()
    await page.getByRole('checkbox', { name: 'Compare the run', disabled: false }).nth(1).check()
    await page.getByRole('link', { name: 'Compare these two' }).click()
    await page.getByRole('table').waitFor()
    await check('compare')
    await page.goto(stack.apiUrl)
    await choose('wall.png', 'image/png', await greyPng())
    await page.getByText('No face was found in this photo', { exact: true }).waitFor()
    await check('no-face')
  })
})
