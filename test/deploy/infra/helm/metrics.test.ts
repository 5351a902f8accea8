import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { componentOf, envOf, helm, mainOf, manifestsOf, ofKind } from '../../../support/chart.ts'
import { podsOf, selects } from '../../../support/kubernetes-manifests.ts'

const example = 'temporal-cloud'
const ourPods = () => podsOf(manifestsOf(example)).filter((pod) => /^(api|worker|gpu)$/.test(componentOf(pod) ?? ''))

describe.skipIf(!helm)('the metrics of the chart', () => {
  it('are served by every pod on the port that the monitor reads, to those who may', () => {
    const [monitor] = ofKind(example, 'PodMonitor')
    const policies = ofKind(example, 'NetworkPolicy')
    expect(ourPods().length).toBe(5)
    for (const pod of ourPods()) {
      const { owner, labels } = pod
      expect(envOf(pod), owner).toMatchObject({ IDEM_METRICS_HOST: '0.0.0.0', IDEM_METRICS_PORT: '9464' })
      expect(mainOf(pod), owner).toMatchObject({
        ports: expect.arrayContaining([{ name: 'metrics', containerPort: 9464 }]),
      })
      expect(selects(monitor!.spec.selector, labels), owner).toBe(true)
      const readers = policies
        .filter(({ spec }) => spec.ingress && selects(spec.podSelector, labels))
        .flatMap(({ spec }) => spec.ingress)
        .filter(({ ports }) => ports.some(({ port }: { port: unknown }) => port === 'metrics'))
      expect(readers, owner).toEqual([
        {
          ports: [{ port: 'metrics' }],
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        },
      ])
    }
    expect(monitor!.metadata.labels).toMatchObject({ release: 'prometheus' })
  })

  it('come under the names of jobs that the alerts and the dashboard know', async () => {
    const [monitor] = ofKind(example, 'PodMonitor')
    const [{ port, relabelings }] = monitor!.spec.podMetricsEndpoints
    expect(port).toBe('metrics')
    // As Prometheus does: anchored, and later rules win.
    const jobOf = (component: string): string =>
      (relabelings as { regex: string; replacement: string }[])
        .filter(({ regex }) => new RegExp(`^(?:${regex})$`).test(component))
        .at(-1)!.replacement
    const jobs = new Set(ourPods().map((pod) => jobOf(componentOf(pod)!)))
    const { scrape_configs } = parse(await readFile('infra/observability/prometheus.yaml', 'utf8'))
    expect(jobs).toEqual(new Set(scrape_configs.map(({ job_name }: { job_name: string }) => job_name)))
  })

  it('are off where nobody asks for them', () => {
    expect(ofKind('gpu-job', 'PodMonitor')).toEqual([])
    const pods = podsOf(manifestsOf('gpu-job'))
    expect(pods.flatMap((pod) => Object.keys(envOf(pod))).filter((name) => name.startsWith('IDEM_METRICS'))).toEqual([])
  })
})
