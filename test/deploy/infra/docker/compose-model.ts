// Prints the services of infra/compose/compose.yaml as JSON, with the variables of a file filled in.
//   node --import tsx test/deploy/infra/docker/compose-model.ts ENV_FILE
import { readFile } from 'node:fs/promises'
import { environmentOf, findComposeGo, loadCompose } from '../../../support/compose.ts'

const [file = ''] = process.argv.slice(2)
const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => /^\w+=/.test(line))
const env = Object.fromEntries(
  lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
)
const { services } = await loadCompose((await findComposeGo({ ci: true }))!, ['compose.yaml'])
const filled = Object.entries(services).map(([name, service]) => [
  name,
  { ...service, environment: environmentOf(service, env) },
])
console.log(JSON.stringify(Object.fromEntries(filled), null, 2))
