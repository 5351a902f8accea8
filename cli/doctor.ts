import { parseArgs } from 'node:util'
import { readTemporalConfig } from '../api/config.ts'
import { loadBundle } from '../inference/bundle.ts'
import { runCommand } from '../lib/run-command.ts'
import { readStorageConfig } from '../storage/config.ts'
import { readWorkerConfig } from '../worker/config.ts'
import { checkBundle } from './checks/check-bundle.ts'
import { checkKeys } from './checks/check-keys.ts'
import { checkDevices, checkNode, checkPorts } from './checks/check-machine.ts'
import { checkProviders } from './checks/check-providers.ts'
import { checkSecrets, checkStorage } from './checks/check-storage.ts'
import { checkTemporal } from './checks/check-temporal.ts'
import { type Finding, runChecks } from './checks/finding.ts'
import { readKeysConfig, readSecretsConfig, readStartConfig } from './config.ts'

const help = `Checks whether Idem can run on this machine with the current configuration, and how to fix what is missing.

  npm run doctor
  npm run doctor -- --json

Tries every execution provider, checks the hashes of the bundle, writes, reads and deletes an artifact, checks whether
destroyed keys stay destroyed, and checks the namespace, search attributes and workers in Temporal. Exit code 0 if
everything needed is available, 1 otherwise.

  --json    {ok, findings: [{check, status: ok|note|gap, what, advice}]}
  --help`

const print = ({ check, status, what, advice = [] }: Finding) => {
  const mark = { ok: 'ok  ', note: '-   ', gap: 'GAP ' }[status]
  console.log(`${mark} ${check.padEnd(28)} ${what}`)
  for (const line of advice) console.log(`${' '.repeat(34)}→ ${line}`)
}

await runCommand(help, async () => {
  const { values } = parseArgs({ options: { json: { type: 'boolean' } } })
  const findings = await runChecks(
    {
      node: () => checkNode(),
      gpu: checkDevices,
      bundle: async () => checkBundle(await loadBundle(readWorkerConfig().models)),
      provider: async () => {
        const { executionProvider, models } = readWorkerConfig()
        return checkProviders(executionProvider, await loadBundle(models))
      },
      secrets: async () => checkSecrets(readSecretsConfig()),
      storage: async () => checkStorage(readSecretsConfig().storage, (await readStorageConfig()).store),
      keys: () => checkKeys(readKeysConfig()),
      temporal: async () => {
        const { path, cacheDir } = readStartConfig()
        return checkTemporal({ ...readTemporalConfig(), buildId: readWorkerConfig().buildId, path, cacheDir })
      },
      ports: async () => checkPorts(readStartConfig()),
    },
    values.json ? undefined : print,
  )
  const gaps = findings.filter(({ status }) => status === 'gap')
  if (values.json) console.log(JSON.stringify({ ok: gaps.length === 0, findings }, null, 2))
  else console.log(gaps.length === 0 ? '\neverything needed is available' : `\n${gaps.length} missing: see GAP above`)
  if (gaps.length > 0) process.exitCode = 1
})
