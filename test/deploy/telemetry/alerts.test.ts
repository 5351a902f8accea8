import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { findPrometheus, promtool } from '../../support/prometheus.ts'

const folder = await findPrometheus({ ci: Boolean(process.env.CI) })
const rulesFile = 'infra/observability/alerts.yaml'
const testsFile = 'test/fixtures/alerts/alerts.test.yaml'

interface Rules {
  groups: { rules: { alert: string; labels: { severity: string } }[] }[]
}
interface Tests {
  tests: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[]
}

describe.skipIf(!folder)('the alert rules', () => {
  it('are what Prometheus takes', async () => {
    expect(await promtool(folder!, ['check', 'rules', rulesFile])).toMatch(/SUCCESS: \d+ rules found/)
  })

  it('fire where they should, and keep quiet where they should not', async () => {
    expect(await promtool(folder!, ['test', 'rules', testsFile])).toContain('SUCCESS')
  })

  it('come with a configuration that Prometheus takes', async () => {
    const output = await promtool(folder!, ['check', 'config', 'infra/observability/prometheus.yaml'])
    expect(output).toContain('1 rule files found')
  })
})

it('every alert has been seen firing and quiet', async () => {
  const { groups } = parse(await readFile(rulesFile, 'utf8')) as Rules
  const alerts = groups.flatMap(({ rules }) => rules)
  expect(alerts.length).toBeGreaterThan(10)
  for (const { labels } of alerts) expect(['page', 'ticket']).toContain(labels.severity)
  const { tests } = parse(await readFile(testsFile, 'utf8'), { merge: true }) as Tests
  const seen = (firing: boolean) =>
    tests
      .flatMap(({ alert_rule_test }) => alert_rule_test)
      .filter(({ exp_alerts }) => exp_alerts.length > 0 === firing)
      .map(({ alertname }) => alertname)
  const names = alerts.map(({ alert }) => alert)
  expect(names.filter((name) => !seen(true).includes(name))).toEqual([])
  expect(names.filter((name) => !seen(false).includes(name))).toEqual([])
})
