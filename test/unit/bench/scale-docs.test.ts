import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { costOf, costTable, rateTable } from '../../../bench/scale/costs.ts'
import { batchOf, readMeasured, serviceTimesOf } from '../../../bench/scale/measured.ts'
import { simulate } from '../../../bench/scale/simulate.ts'

const measured = await readMeasured('bench/scale/measured.json')
const [one, four, told] = measured.cases.map(costOf)

describe('the pages of what a prediction costs', () => {
  it('have the figures of measured.json', async () => {
    expect(await readFile('bench/scale.md', 'utf8')).toContain(costTable(measured.cases))
    expect(await readFile('docs/scale.md', 'utf8')).toContain(rateTable(measured.cases.at(-1)!, [1, 100, 10_000]))
  })

  it('say of which machine and day they are', async () => {
    const page = await readFile('bench/scale.md', 'utf8')
    expect(page).toContain(measured.date)
    expect(page).toContain(measured.machine)
  })
})

describe('what was measured', () => {
  it('stays within what a history, a payload and a visibility store are for', () => {
    for (const cost of [one!, four!, told!]) {
      expect(cost.largestPayload).toBeLessThan(64 * 1024)
      expect(cost.events).toBeLessThan(200)
      expect(cost.gpuTasks).toBe(1)
    }
    // Images cross Temporal as keys: more of them hardly matter.
    expect(four!.historyBytes / one!.historyBytes).toBeLessThan(1.5)
    expect(told!.visibilityWrites).toBe(2 * four!.visibilityWrites)
  })

  it('is what the simulation runs on', () => {
    const service = serviceTimesOf(measured, 4)
    expect(service.before + service.after).toBeCloseTo(four!.cpuSeconds, 6)
    // Four images alone on a worker take what was measured of four images, within what batches are known by.
    const { runs } = simulate({
      seed: 1,
      seconds: 30,
      arrivals: { times: [0] },
      images: 4,
      service,
      batch: batchOf(measured),
      slots: 4,
      coldStart: { node: 0, pull: 0, process: 0 },
      scaling: { kind: 'fixed', workers: 1 },
      cores: 2,
    })
    const real = measured.cases[1]!.prediction.activities.generateImages!.runMs / 1000
    expect(runs[0]! / real).toBeGreaterThan(0.6)
    expect(runs[0]! / real).toBeLessThan(1.6)
  })
})
