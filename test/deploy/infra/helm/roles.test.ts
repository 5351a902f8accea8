import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { describe, expect, it } from 'vitest'
import { pullListSchema } from '../../../../cli/bundles/pull.ts'
import { queues } from '../../../../contracts/queues.ts'
import { type Example, envOf, examples, helm, mainOf, manifestsOf, ofKind, podOf } from '../../../support/chart.ts'

const named = (example: Example, kind: string, name: string) => {
  const found = ofKind(example, kind).find(({ metadata }) => metadata.name === name)
  if (!found) throw new Error(`No ${kind} ${name} in the example ${example}`)
  return found
}
const health = ['--health-host', '0.0.0.0', '--health-port', '8788']
const bytes = (text: string) => new TextEncoder().encode(text)
const namesOf = (example: Example, kind: string) => ofKind(example, kind).map(({ metadata }) => metadata.name)

describe.skipIf(!helm)('the API in Kubernetes', () => {
  it('scales by its load, and is not held to a number', () => {
    expect(named('temporal-cloud', 'HorizontalPodAutoscaler', 'idem-api').spec).toMatchObject({
      scaleTargetRef: { kind: 'Deployment', name: 'idem-api' },
      minReplicas: 2,
      maxReplicas: 10,
    })
    expect(named('temporal-cloud', 'Deployment', 'idem-api').spec.replicas).toBeUndefined()
    expect(namesOf('trial', 'HorizontalPodAutoscaler')).toEqual([])
    expect(named('trial', 'Deployment', 'idem-api').spec.replicas).toBe(1)
  })

  it('is asked for its health, and reads its tokens from a secret', () => {
    const api = podOf('temporal-cloud', 'Deployment/idem-api')
    expect(mainOf(api)).toMatchObject({
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
    })
    expect(envOf(api)).toMatchObject({ IDEM_HOST: '0.0.0.0', IDEM_TOKENS: '/etc/idem/tokens/tokens' })
    const { volumes } = api.spec
    expect(volumes).toContainEqual(
      expect.objectContaining({ secret: expect.objectContaining({ items: [{ key: 'tokens', path: 'tokens' }] }) }),
    )
  })

  it('needs the manifest alone of a bundle that is pulled', () => {
    const [config] = ofKind('temporal-cloud', 'ConfigMap')
    const [all, manifest] = ['all.json', 'manifest.json'].map((name) =>
      pullListSchema.parse(JSON.parse(config!.data![name]!)),
    )
    expect(all!.files.length).toBe(6)
    expect(manifest!.files.map(({ to }) => to)).toEqual(['arc2face/manifest.json'])
    for (const [owner, list] of [
      ['Deployment/idem-api', 'manifest.json'],
      ['Deployment/idem-worker-0-2-0', 'all.json'],
      ['Deployment/idem-gpu-0-2-0', 'all.json'],
    ] as const) {
      const pod = podOf('temporal-cloud', owner)
      expect(pod.containers[0]!.args).toEqual(['pull', `/etc/idem/models/${list}`, '--out', '/models'])
      expect(envOf(pod).IDEM_MODELS).toBe('/models/arc2face')
    }
  })
})

describe.skipIf(!helm)('gpu workers in Kubernetes', () => {
  it('go to zero, and are woken by what waits for a gpu or may come to', () => {
    const { spec } = named('temporal-cloud', 'ScaledObject', 'idem-gpu-0-2-0')
    expect(spec).toMatchObject({
      minReplicaCount: 0,
      initialCooldownPeriod: 900,
      maxReplicaCount: 8,
      scaleTargetRef: { name: 'idem-gpu-0-2-0' },
    })
    expect(spec.triggers).toEqual([
      {
        type: 'temporal',
        metadata: {
          endpoint: 'eu-central-1.aws.api.temporal.io:7233',
          namespace: 'idem.a1b2c',
          taskQueue: queues.gpu,
          queueTypes: 'activity',
          targetQueueSize: '4',
          activationTargetQueueSize: '0',
          includeRunningWorkflowCount: 'true',
          workflowTaskQueueForCount: queues.control,
          workerDeploymentName: 'idem',
          workerDeploymentBuildId: '0.2.0',
          enableTLS: 'true',
        },
        authenticationRef: { name: 'idem-temporal' },
      },
    ])
    expect(named('temporal-cloud', 'TriggerAuthentication', 'idem-temporal').spec.secretTargetRef).toEqual([
      { parameter: 'apiKey', name: 'temporal-cloud', key: 'api-key' },
    ])
    // A number in the Deployment would be set again at every upgrade.
    expect(named('temporal-cloud', 'Deployment', 'idem-gpu-0-2-0').spec.replicas).toBeUndefined()
  })

  it('of a build that drains are woken by the backlog of that build alone', () => {
    const { spec } = named('temporal-cloud', 'ScaledObject', 'idem-gpu-0-1-0')
    expect(spec.minReplicaCount).toBe(0)
    expect(spec.triggers[0].metadata.workerDeploymentBuildId).toBe('0.1.0')
    expect(spec.triggers[0].metadata).not.toHaveProperty('includeRunningWorkflowCount')
  })

  it('leave by themselves where they are jobs', () => {
    const { spec } = named('gpu-job', 'ScaledJob', 'idem-gpu')
    expect(spec).toMatchObject({ minReplicaCount: 0, maxReplicaCount: 10, rollout: { strategy: 'gradual' } })
    expect(spec.triggers[0].metadata).not.toHaveProperty('workerDeploymentName')
    const pod = podOf('gpu-job', 'ScaledJob/idem-gpu')
    expect(pod.spec.restartPolicy).toBe('Never')
    expect(mainOf(pod).args).toEqual(['--queues', 'gpu', ...health, '--exit-when-idle', '5m'])
    expect(named('gpu-job', 'TriggerAuthentication', 'idem-temporal').spec.secretTargetRef).toEqual([
      { parameter: 'cert', name: 'temporal-client', key: 'tls.crt' },
      { parameter: 'key', name: 'temporal-client', key: 'tls.key' },
      { parameter: 'ca', name: 'temporal-client', key: 'ca.crt' },
    ])
  })

  it.each([
    ['temporal-cloud', 'Deployment/idem-gpu-0-2-0', { 'nvidia.com/gpu.present': 'true' }, 'cuda'],
    ['gpu-job', 'ScaledJob/idem-gpu', { 'cloud.google.com/gke-accelerator': 'nvidia-l4' }, 'tensorrt'],
  ] as const)('with examples/%s.yaml run on a node with a GPU and take it', (example, owner, nodes, provider) => {
    const pod = podOf(example, owner)
    expect(pod.spec.nodeSelector).toEqual(nodes)
    expect(pod.spec.tolerations).toContainEqual({ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' })
    expect(mainOf(pod).resources!.limits!['nvidia.com/gpu']).toBe(1)
    expect(envOf(pod).IDEM_EXECUTION_PROVIDER).toBe(provider)
  })
})

describe.skipIf(!helm)('workers in Kubernetes', () => {
  it('are asked for their health where they tell it', () => {
    for (const owner of ['Deployment/idem-worker-0-2-0', 'Deployment/idem-gpu-0-2-0']) {
      const main = mainOf(podOf('temporal-cloud', owner))
      expect(main.args!.slice(2), owner).toEqual(health)
      expect(main, owner).toMatchObject({
        ports: [{ name: 'health', containerPort: 8788 }, { name: 'metrics' }],
        livenessProbe: { httpGet: { path: '/healthz', port: 'health' } },
        readinessProbe: { httpGet: { path: '/readyz', port: 'health' } },
        startupProbe: { httpGet: { path: '/healthz', port: 'health' } },
      })
    }
  })

  it('tell Temporal their build, each deployment its own image', () => {
    const builds = [
      ['Deployment/idem-worker-0-2-0', '0.2.0', '0.2.0'],
      ['Deployment/idem-gpu-0-2-0', '0.2.0', '0.2.0-cuda'],
      ['Deployment/idem-worker-0-1-0', '0.1.0', '0.1.0'],
      ['Deployment/idem-gpu-0-1-0', '0.1.0', '0.1.0-cuda'],
    ] as const
    for (const [owner, build, tag] of builds) {
      const pod = podOf('temporal-cloud', owner)
      expect(envOf(pod).IDEM_BUILD_ID).toBe(build)
      for (const { image } of pod.containers) expect(image).toBe(`registry.example.com/idem:${tag}`)
    }
    expect(namesOf('temporal-cloud', 'Deployment').length).toBe(builds.length + 1)
    expect(envOf(podOf('gpu-job', 'Deployment/idem-worker'))).not.toHaveProperty('IDEM_BUILD_ID')
  })

  it('serve every queue, the gpu queue on the CPU in a trial without KEDA', () => {
    const queuesOf = (example: Example) =>
      manifestsOf(example)
        .filter(({ kind, metadata }) => /Deployment|ScaledJob/.test(kind) && /-(worker|gpu)/.test(metadata.name))
        .map(({ kind, metadata }) => mainOf(podOf(example, `${kind}/${metadata.name}`)).args![1])
    expect(queuesOf('trial')).toEqual(['control,cpu,gpu'])
    expect(manifestsOf('trial').filter(({ apiVersion }) => apiVersion.startsWith('keda.sh/'))).toEqual([])
    expect(queuesOf('gpu-job').toSorted()).toEqual(['control,cpu', 'gpu'])
  })
})

describe.skipIf(!helm).each(examples)('Temporal as examples/%s.yaml means it', (example) => {
  it('is what the clients connect to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'idem-tls-'))
    for (const file of ['tls.crt', 'tls.key', 'ca.crt']) await writeFile(join(folder, file), `the ${file}`)
    const rendered = envOf(podOf(example, 'Deployment/idem-api'))
    const overrideEnvVars = Object.fromEntries(
      Object.entries(rendered)
        .filter(([name]) => name.startsWith('TEMPORAL_'))
        .map(([name, value]) => [name, value.replace('/etc/idem/temporal-tls', folder)]),
    )
    // What the secret would say.
    if (example === 'temporal-cloud') overrideEnvVars.TEMPORAL_API_KEY = 'a key'
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars, disableFile: true })
    await rm(folder, { recursive: true })
    const expected = {
      trial: { address: 'idem-temporal.idem.svc:7233' },
      'temporal-cloud': { address: 'eu-central-1.aws.api.temporal.io:7233', apiKey: 'a key', tls: true },
      'gpu-job': {
        address: 'temporal-frontend.temporal.svc:7233',
        tls: {
          serverNameOverride: 'temporal.example.com',
          serverRootCACertificate: bytes('the ca.crt'),
          clientCertPair: { crt: bytes('the tls.crt'), key: bytes('the tls.key') },
        },
      },
    }
    expect(connectionOptions).toMatchObject(expected[example])
    expect(namespace).toBe({ trial: 'default', 'temporal-cloud': 'idem.a1b2c', 'gpu-job': 'idem' }[example])
  })
})
