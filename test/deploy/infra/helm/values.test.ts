import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { chart, chartDir, examples, fileOf, helm, yamlOf } from '../../../support/chart.ts'

type Path = readonly (string | number)[]

/** The way to every value that is not a map or a list. */
const leavesOf = (node: unknown, path: Path = []): Path[] =>
  typeof node === 'object' && node !== null
    ? Object.entries(node).flatMap(([name, child]) =>
        leavesOf(child, [...path, Array.isArray(node) ? Number(name) : name]),
      )
    : [path]

const without = (values: unknown, path: Path): unknown => {
  const copy = structuredClone(values)
  const parent = path.slice(0, -1).reduce((node, name) => (node as never)[name], copy)
  if (Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1)
  else delete (parent as Record<string, unknown>)[path.at(-1)!]
  return copy
}

describe.skipIf(!helm)('the values of the chart', () => {
  it('are all named by a template, and all explained by a schema', async () => {
    const values: unknown = parse(await readFile(join(chartDir, 'values.yaml'), 'utf8'))
    const folder = join(chartDir, 'templates')
    const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))
    const templates = files.join()
    const schema: unknown = JSON.parse(await readFile(join(chartDir, 'values.schema.json'), 'utf8'))
    for (const path of leavesOf(values)) {
      // Lists and these maps are handed over as they are.
      const names = path.slice(
        0,
        path.findIndex((name) => /^(nodeSelector|resources|\d+)$/.test(`${name}`)) + 1 || undefined,
      )
      const last = names.findLast((name) => typeof name === 'string')
      expect(templates, path.join('.')).toMatch(new RegExp(`\\.${last}\\b`))
      expect(JSON.stringify(schema)).toContain(`"${last}":`)
    }
  })

  it.each(examples)('are all used, of examples/%s.yaml', async (example) => {
    const values: unknown = parse(await readFile(fileOf(example), 'utf8'))
    const paths = leavesOf(values)
    expect(paths.length).toBeGreaterThan(5)
    const render = async (path: Path) => {
      const file = join(tmpdir(), `idem-${process.pid}-${example}-${path.join('-').replaceAll('/', '_')}.yaml`)
      await writeFile(file, stringify(without(values, path)))
      // A value that is missed is used.
      return chart
        .template({ files: [file] })
        .catch((error: Error) => error.message)
        .finally(() => rm(file))
    }
    const unused: string[] = []
    for (const path of paths) if ((await render(path)) === yamlOf(example)) unused.push(path.join('.'))
    expect(unused).toEqual([])
  })

  it.each([
    ['gpu.mode=cluster', "at '/gpu/mode': value must be one of 'object', 'job'"],
    ['gpu.minReplicas=0', "at '/gpu': additional properties 'minReplicas' not allowed"],
    ['worker.buildId=Feature_1', "at '/worker/buildId'"],
    ['storage.url=file:/data', "at '/storage/url'"],
    ['temporal.address=https://temporal:7233', "at '/temporal/address'"],
    ['terminationGracePeriodSeconds=30', "at '/terminationGracePeriodSeconds': minimum"],
    ['extraEnv[0].name=MY_API_KEY,extraEnv[0].value=abc', "at '/extraEnv/0'"],
    ['publicUrl=', 'publicUrl is required'],
    ['temporal.address=', 'temporal.address is required'],
    ['storage.url=', 'storage.url is required'],
    ['bundled.temporal.enabled=true', 'exclude each other'],
    ['temporal.tls.secretName=', 'KEDA speaks TLS to Temporal with a client certificate or an API key only'],
    ['temporal.tls.enabled=false', 'temporal.tls.secretName has no effect'],
    ['models.path=', 'models.path is required'],
    ['models.source=pull', 'models.pull.list is required'],
    ['worker.queues=control\\,cpu\\,gpu', 'worker.queues names gpu'],
    ['worker.previous[0].buildId=a,worker.previous[0].tag=a', 'worker.previous needs worker.buildId'],
    ['metrics.podMonitor.enabled=true', 'metrics.podMonitor.enabled needs metrics.enabled'],
    ['metrics.port=8788', 'metrics.port is taken'],
    ['gpu.minReplicaCount=20', 'gpu.minReplicaCount is more than gpu.maxReplicaCount'],
    ['api.autoscaling.minReplicas=11', 'minReplicas is more than maxReplicas'],
    ['models.volume.emptyDir.sizeLimit=1Gi', "at '/models/volume': maxProperties"],
  ])('refuse %s', async (value, message) => {
    const options = { files: [fileOf('gpu-job')], set: [value] }
    await expect(chart.template(options)).rejects.toThrow(message)
  })

  it('refuse the same build twice', async () => {
    const set = ['worker.buildId=b1.0', 'worker.previous[0].buildId=b1-0', 'worker.previous[0].tag=v1']
    await expect(chart.template({ files: [fileOf('gpu-job')], set })).rejects.toThrow('the build b1-0 twice')
  })

  it('take the list of a bundle, not of a checkpoint', async () => {
    const set = ['name=x', 'files[0].repository=a/b', 'files[0].revision=main', 'files[0].path=unet.safetensors']
    const options = { set: ['models.source=pull', ...set.map((value) => `models.pull.list.${value}`)] }
    await expect(chart.template({ files: [fileOf('gpu-job')], ...options })).rejects.toThrow('names no manifest.json')
  })
})
