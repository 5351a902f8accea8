import { parseAllDocuments } from 'yaml'

/** As much of Kubernetes' objects as the tests of the chart look at. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> }
  // biome-ignore lint/suspicious/noExplicitAny: a spec is whatever its kind says.
  spec: any
  data?: Record<string, string>
}

export interface EnvVar {
  name: string
  value?: string
  valueFrom?: { secretKeyRef?: { name: string; key: string } }
}

export interface Container {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: EnvVar[]
  resources?: { limits?: Record<string, unknown>; requests?: Record<string, unknown> }
  securityContext: Record<string, unknown>
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
}

export interface Pod {
  /** Kind and name of what makes such pods. */
  owner: string
  labels: Record<string, string>
  annotations: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: a spec is whatever its kind says.
  spec: any
  containers: Container[]
}

export const parseManifests = (yaml: string): Manifest[] =>
  parseAllDocuments(yaml, { version: '1.1' })
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)

/** The pods that some manifests make, with the containers that start before the others. */
export const podsOf = (manifests: readonly Manifest[]): Pod[] =>
  manifests.flatMap(({ kind, metadata, spec }) => {
    const template = spec?.template ?? spec?.jobTargetRef?.template
    if (!template) return []
    const containers = [...(template.spec.initContainers ?? []), ...template.spec.containers]
    const { labels, annotations = {} } = template.metadata
    return [{ owner: `${kind}/${metadata.name}`, labels, annotations, spec: template.spec, containers }]
  })

interface Selector {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: 'In'; values: string[] }[]
}

export const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>) =>
  Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))
