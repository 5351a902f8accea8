import { describe, expect, it } from 'vitest'
import { parseS3Url } from '../../../../storage/drivers/s3/s3-url.ts'
import { componentOf, envOf, examples, helm, manifestsOf, ofKind } from '../../../support/chart.ts'
import { podsOf, selects } from '../../../support/kubernetes-manifests.ts'

describe.skipIf(!helm).each(examples)('the network policies with examples/%s.yaml', (example) => {
  it('denies all traffic that it does not allow', () => {
    const policies = ofKind(example, 'NetworkPolicy')
    const pods = podsOf(manifestsOf(example))
    const denied = policies.find(({ spec }) => !spec.ingress && !spec.egress)!
    expect(denied.spec.policyTypes).toEqual(['Ingress', 'Egress'])
    for (const { owner, labels } of pods) {
      expect(selects(denied.spec.podSelector, labels), owner).toBe(true)
      const own = policies.filter(({ spec }) => selects(spec.podSelector, labels))
      // The ports of a rule without ports, or without peers, would be all.
      for (const { spec } of own) {
        for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
          expect(rule.ports.length).toBeGreaterThan(0)
      }
      const leaves = own.flatMap(({ spec }) => spec.egress ?? []).flatMap(({ ports }) => ports)
      expect(leaves, owner).toContainEqual({ port: 53, protocol: 'UDP' })
    }
  })

  it('lets Idem reach Temporal and the artifact store, and the workers the public internet alone', () => {
    const policies = ofKind(example, 'NetworkPolicy')
    for (const pod of podsOf(manifestsOf(example))) {
      const component = componentOf(pod)!
      const rules = policies
        .filter(({ spec }) => selects(spec.podSelector, pod.labels))
        .flatMap(({ spec }) => spec.egress ?? [])
      const reachable = rules.flatMap(({ ports }) => ports.map(({ port }: { port?: number }) => port))
      if (['api', 'worker', 'gpu'].includes(component)) {
        const env = envOf(pod)
        expect(reachable).toContain(Number(env.TEMPORAL_ADDRESS!.split(':')[1]))
        const { endpoint } = parseS3Url(env.IDEM_STORAGE!)
        expect(reachable).toContain(Number(new URL(endpoint).port || 443))
      }
      const internet = rules.filter(({ to = [] }) => to.some(({ ipBlock }: { ipBlock?: object }) => ipBlock))
      expect(internet.length, component).toBe(component === 'worker' ? 1 : 0)
      for (const { ipBlock } of internet.flatMap(({ to }) => to)) expect(ipBlock.except.length).toBeGreaterThan(2)
      if (component === 'worker') {
        const except = internet[0].to.flatMap(({ ipBlock }: { ipBlock: { except: string[] } }) => ipBlock.except)
        expect(except).toEqual(expect.arrayContaining(['10.0.0.0/8', '169.254.0.0/16', '192.168.0.0/16', 'fc00::/7']))
      }
    }
  })
})
