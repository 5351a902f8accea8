import { ScaledJob, ScaledObject, TriggerAuthentication } from '@kubernetes-models/keda/keda.sh/v1alpha1'
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1'

type Tree = Record<string, unknown>

const models = { PodMonitor, ScaledJob, ScaledObject, TriggerAuthentication }

/** What the `temporal` scaler of KEDA 2.21 and 2.22 reads of a trigger's metadata. */
const triggerFields = [
  ...['endpoint', 'endpointFromEnv', 'namespace', 'taskQueue', 'queueTypes', 'targetQueueSize'],
  ...['activationTargetQueueSize', 'workerDeploymentName', 'workerDeploymentBuildId'],
  ...['includeRunningWorkflowCount', 'workflowTaskQueueForCount', 'apiKeyFromEnv', 'minConnectTimeout'],
  ...['unsafeSsl', 'tlsServerName', 'enableTLS'],
]

/** The same data, and a function that tells which of its fields nobody has read. */
const watchReads = (data: Tree) => {
  const reads = new Set<string>()
  const all: string[] = []
  const watch = (value: unknown, path: string): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const children = Object.entries(value).map(([name, child]) => {
      all.push(`${path}/${name}`)
      return [name, watch(child, `${path}/${name}`)] as const
    })
    const copy = Array.isArray(value) ? children.map(([, child]) => child) : Object.fromEntries(children)
    return new Proxy(copy, {
      get: (target, name, receiver) => {
        reads.add(`${path}/${String(name)}`)
        return Reflect.get(target, name, receiver)
      },
    })
  }
  return { watched: watch(data, '') as Tree, unread: () => all.filter((path) => !reads.has(path)) }
}

const fields = (value: unknown, name: string) => ((value as Tree | undefined)?.[name] ?? {}) as Tree

/** Whether an object is of KEDA or of the Prometheus operator, and not of Kubernetes itself. */
export const isCustom = ({ apiVersion }: { apiVersion: string }): boolean =>
  apiVersion.startsWith('keda.sh/') || apiVersion.startsWith('monitoring.coreos.com/')

/**
 * Checks one of those objects against the schemas of its API, and that it has no fields which these do not know: a
 * validator never reads those. Throws with what is wrong.
 */
export const validateCustom = (manifest: Tree): void => {
  const Model = models[manifest.kind as keyof typeof models]
  if (!Model) throw new Error(`No schema for ${manifest.kind}`)
  const { watched, unread } = watchReads(manifest)
  // Not of an instance: its constructor copies, and so reads, everything.
  Model.prototype.validate.call(watched as never)
  // Below an unknown field everything is unknown: the first is enough.
  const unknown = unread().filter((path, _, paths) => !paths.some((other) => path.startsWith(`${other}/`)))
  if (unknown.length > 0) throw new Error(`${manifest.kind} has no field ${unknown.join(', ')}`)

  for (const trigger of (fields(manifest, 'spec').triggers ?? []) as Tree[]) {
    if (trigger.type !== 'temporal') throw new Error(`A trigger of type ${trigger.type}`)
    const odd = Object.keys(fields(trigger, 'metadata')).filter((name) => !triggerFields.includes(name))
    if (odd.length > 0) throw new Error(`The temporal scaler does not read ${odd.join(', ')}`)
  }
}
