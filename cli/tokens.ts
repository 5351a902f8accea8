import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readTokensPath } from '../api/config.ts'
import { readTokenFile, updateTokenFile } from '../api/token-file.ts'
import { makeToken, tenantSchema } from '../api/token-records.ts'
import { runCommand, UsageError } from '../lib/run-command.ts'
import { readStartConfig } from './config.ts'

const help = `Creates, lists and revokes API tokens.

  npm run tokens -- create --tenant acme [--note "build server"]
  npm run tokens -- create --operator
  npm run tokens -- list
  npm run tokens -- revoke ID

  --tenant NAME   the tenant of the token; its predictions are separate from those of other tenants
  --operator      create a token that can only read payloads in the Temporal UI
  --note TEXT     a note, shown by list
  --file FILE     the file of tokens (default: IDEM_TOKENS, or tokens.json in the state folder)
  --json
  --help

A token is only shown when it is created; the file stores its hash. The API requires tokens if IDEM_TOKENS is the path
of the file. A running API applies changes within a second.`

const actions = ['create', 'list', 'revoke']

await runCommand(help, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tenant: { type: 'string' },
      operator: { type: 'boolean', default: false },
      note: { type: 'string' },
      file: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const [action = '', id, ...more] = positionals
  if (!actions.includes(action) || more.length > 0) {
    throw new UsageError(
      `The action must be one of ${actions.join(', ')}${action && `, not "${positionals.join(' ')}"`}`,
    )
  }
  const file = values.file ?? readTokensPath() ?? join(readStartConfig().stateDir, 'tokens.json')
  const tokens = await readTokenFile(file)

  if (action === 'create') {
    if (values.operator === (values.tenant !== undefined))
      throw new UsageError('create needs --tenant NAME or --operator')
    const tenant = tenantSchema.safeParse(values.tenant ?? 'operator')
    if (!tenant.success) throw new UsageError(tenant.error.issues[0]!.message)
    const { token, record } = await makeToken(tenant.data, {
      scope: values.operator ? 'operator' : 'api',
      ...(values.note && { note: values.note }),
    })
    await updateTokenFile(file, (now) => [...now, record])
    if (values.json) return console.log(JSON.stringify({ ...record, token, file }))
    console.log(token)
    console.error(
      `Token ${record.id} for ${values.operator ? 'operators' : `the tenant ${record.tenant}`}, in ${file}. It is not shown again.`,
    )
    return
  }
  if (action === 'revoke') {
    if (!id) throw new UsageError('revoke needs the ID of a token, as shown by list')
    const left = tokens.filter((token) => token.id !== id)
    if (left.length === tokens.length) throw new UsageError(`Token ${id} not found in ${file}`)
    await updateTokenFile(file, (now) => now.filter((token) => token.id !== id))
    if (values.json) console.log(JSON.stringify({ revoked: id }))
    else console.log(`Revoked ${id}`)
    return
  }
  if (id) throw new UsageError('list does not accept an ID')
  if (values.json) return console.log(JSON.stringify(tokens.map(({ sha256: _, ...rest }) => rest)))
  for (const { id: of, tenant, scope, created_at, note } of tokens) {
    console.log(`${of}  ${scope === 'operator' ? '(operator)' : tenant}  ${created_at}${note ? `  ${note}` : ''}`)
  }
  if (tokens.length === 0) console.error(`No tokens in ${file}`)
})
