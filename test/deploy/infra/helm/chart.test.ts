import { rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  chart,
  componentOf,
  examples,
  fileOf,
  helm,
  manifestsOf,
  ofKind,
  root,
  yamlOf,
} from '../../../support/chart.ts'
import { isCustom, validateCustom } from '../../../support/custom-resources.ts'
import { podsOf, selects } from '../../../support/kubernetes-manifests.ts'
import { kubernetesValidate } from '../../../support/kubernetes-validate.ts'

/** The oldest release that Chart.yaml takes, and the newest that there are schemas of. */
const releases = ['1.30.0', '1.37.0']

describe.skipIf(!helm).each(examples)('the chart with examples/%s.yaml', (example) => {
  it('passes helm lint', async () => {
    expect(await chart.lint({ files: [fileOf(example)] })).toContain('0 chart(s) failed')
  })

  it.each(releases)('renders what Kubernetes %s takes, to the field', async (release) => {
    const file = join(tmpdir(), `idem-${process.pid}-${example}-${release}.yaml`)
    await writeFile(file, yamlOf(example))
    const output = await kubernetesValidate(file, release).finally(() => rm(file))
    const builtIn = manifestsOf(example).filter((manifest) => !isCustom(manifest))
    for (const { kind, metadata } of builtIn) {
      expect(output).toContain(`passed for resource ${kind.toLowerCase()}/${metadata.name} `)
    }
  })

  it('renders what KEDA and the Prometheus operator take, to the field', () => {
    for (const manifest of manifestsOf(example).filter(isCustom)) validateCustom(manifest as never)
  })

  it('runs no container as root, with a writable root, or with more privileges than it needs', () => {
    const pods = podsOf(manifestsOf(example))
    expect(pods.length).toBeGreaterThan(1)
    for (const { owner, spec, containers } of pods) {
      expect(spec, owner).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      })
      expect(spec.hostNetwork ?? spec.hostPID ?? spec.hostIPC, owner).toBeUndefined()
      for (const { name, securityContext } of containers) {
        expect(securityContext, `${owner} ${name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        })
      }
    }
  })

  it('says what every container needs and may use', () => {
    for (const { owner, containers } of podsOf(manifestsOf(example))) {
      for (const { name, resources } of containers) {
        expect(resources, `${owner} ${name}`).toMatchObject({
          requests: { cpu: expect.anything(), memory: expect.anything() },
          limits: { memory: expect.anything() },
        })
      }
    }
  })

  it('mounts volumes that there are, each from one source', () => {
    for (const { owner, spec, containers } of podsOf(manifestsOf(example))) {
      for (const { name, ...source } of spec.volumes) expect(Object.keys(source), `${owner} ${name}`).toHaveLength(1)
      const volumes = spec.volumes.map(({ name }: { name: string }) => name)
      const mounted = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name))
      expect(new Set(mounted), owner).toEqual(new Set(volumes))
    }
  })

  it('holds secrets by reference only', () => {
    expect(ofKind(example, 'Secret')).toEqual([])
    for (const { owner, containers } of podsOf(manifestsOf(example))) {
      for (const { env = [] } of containers) {
        for (const { name, value, valueFrom } of env) {
          const secret = /SECRET|TOKEN$|PASSWORD|API_KEY|ACCESS_KEY|ENCRYPTION_KEYS/.test(name)
          const given = valueFrom?.secretKeyRef ? 'reference' : 'value'
          expect(given, `${owner} ${name}=${value}`).toBe(secret ? 'reference' : 'value')
        }
      }
    }
  })

  it('starts files that there are', async () => {
    for (const { owner, containers } of podsOf(manifestsOf(example))) {
      for (const { command = [] } of containers) {
        if (command[0] !== 'node') continue
        expect(command.slice(0, 3), owner).toEqual(['node', '--import', 'tsx'])
        expect((await stat(join(root, command[3]!))).isFile()).toBe(true)
      }
    }
  })

  it('points from each object to one that there is', () => {
    const manifests = manifestsOf(example)
    const pods = podsOf(manifests)
    const names = new Set(manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`))
    for (const { kind, metadata, spec } of manifests) {
      const about = `${kind}/${metadata.name}`
      if (kind === 'Service')
        expect(pods.filter((pod) => selects({ matchLabels: spec.selector }, pod.labels)).length, about).toBe(1)
      if (kind === 'Deployment') expect(selects(spec.selector, spec.template.metadata.labels), about).toBe(true)
      if (kind === 'PodDisruptionBudget')
        expect(pods.filter((pod) => selects(spec.selector, pod.labels)).length, about).toBe(1)
      if (kind === 'HorizontalPodAutoscaler') expect(names, about).toContain(`Deployment/${spec.scaleTargetRef.name}`)
      if (kind === 'ScaledObject') expect(names, about).toContain(`Deployment/${spec.scaleTargetRef.name}`)
      for (const { authenticationRef } of spec?.triggers ?? []) {
        if (authenticationRef) expect(names, about).toContain(`TriggerAuthentication/${authenticationRef.name}`)
      }
    }
    for (const { spec } of pods) {
      expect(names).toContain(`ServiceAccount/${spec.serviceAccountName}`)
      for (const { configMap, persistentVolumeClaim } of spec.volumes) {
        if (configMap) expect(names).toContain(`ConfigMap/${configMap.name}`)
        const claim: string | undefined = persistentVolumeClaim?.claimName
        if (claim && claim !== 'idem-models') expect(names).toContain(`PersistentVolumeClaim/${claim}`)
      }
    }
    expect(names.size).toBe(manifests.length)
  })

  it('keeps the API and every deployment of workers through disruptions', () => {
    const budgets = ofKind(example, 'PodDisruptionBudget')
    const covered = podsOf(manifestsOf(example)).filter(
      (pod) => pod.owner.startsWith('Deployment/') && ['api', 'worker', 'gpu'].includes(componentOf(pod)!),
    )
    for (const { owner, labels } of covered) {
      expect(budgets.filter(({ spec }) => selects(spec.selector, labels)).length, owner).toBe(1)
    }
    expect(budgets.length).toBe(covered.length)
  })

  it('gives workers the time that they take to drain', () => {
    for (const pod of podsOf(manifestsOf(example))) {
      if (!['worker', 'gpu'].includes(componentOf(pod)!)) continue
      expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(40)
    }
  })
})

describe.skipIf(!helm)('the checks of the chart', () => {
  it.each([
    ['a field that there is not', { minReplicas: 0 }, 'no field /spec/minReplicas'],
    ['a field of the wrong type', { minReplicaCount: '0' }, 'minReplicaCount must be integer'],
    [
      'an unknown option of a trigger',
      { triggers: [{ type: 'temporal', metadata: { queue: 'gpu' } }] },
      'not read queue',
    ],
  ])('refuse %s, as to KEDA', (_, change, message) => {
    const [scaled] = ofKind('temporal-cloud', 'ScaledObject')
    expect(() => validateCustom({ ...scaled, spec: { ...scaled!.spec, ...change } })).toThrow(message)
  })

  it('refuse a field that there is not, as to Kubernetes', async () => {
    const file = join(tmpdir(), `idem-${process.pid}-wrong.yaml`)
    await writeFile(file, yamlOf('trial').replace('enableServiceLinks:', 'enableServiceLink:'))
    await expect(kubernetesValidate(file, '1.37.0').finally(() => rm(file))).rejects.toThrow('enableServiceLink')
  })
})
