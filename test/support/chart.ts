import { join, resolve } from 'node:path'
import { createChart, findHelm } from './helm.ts'
import { type Container, type Manifest, type Pod, parseManifests, podsOf } from './kubernetes-manifests.ts'

export const root = resolve(import.meta.dirname, '../..')
export const chartDir = join(root, 'infra/helm')

export const examples = ['trial', 'temporal-cloud', 'gpu-job'] as const
export type Example = (typeof examples)[number]
export const fileOf = (example: Example) => join(chartDir, 'examples', `${example}.yaml`)

export const helm = await findHelm({ ci: Boolean(process.env.CI) })
export const chart = createChart(helm ?? 'helm', chartDir)

const rendered = helm
  ? await Promise.all(examples.map((example) => chart.template({ files: [fileOf(example)] })))
  : examples.map(() => '')

/** What helm makes of an example. */
export const yamlOf = (example: Example): string => rendered[examples.indexOf(example)]!
export const manifestsOf = (example: Example): Manifest[] => parseManifests(yamlOf(example))
export const ofKind = (example: Example, kind: string): Manifest[] =>
  manifestsOf(example).filter((manifest) => manifest.kind === kind)

export const podOf = (example: Example, owner: string): Pod => {
  const pod = podsOf(manifestsOf(example)).find((candidate) => candidate.owner === owner)
  if (!pod) throw new Error(`No ${owner} in the example ${example}`)
  return pod
}
export const componentOf = ({ labels }: Pod): string => labels['app.kubernetes.io/component'] ?? ''

/** The container that stays. */
export const mainOf = (pod: Pod): Container => pod.containers.at(-1)!

/** Its plain values; secrets are left out. */
export const envOf = (pod: Pod): Record<string, string> =>
  Object.fromEntries(
    (mainOf(pod).env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const])),
  )
