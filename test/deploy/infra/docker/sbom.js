// Whether the SBOM of an image lists the packages that are installed in it, and no other ones.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [root] = process.argv.slice(2)
const json = (file) => JSON.parse(readFileSync(file, 'utf8'))
const { components, bomFormat } = json(join(root, 'usr/share/idem/sbom.cdx.json'))
if (bomFormat !== 'CycloneDX') throw new Error(`bomFormat is ${bomFormat}`)

const installed = new Set()
const look = (modules) => {
  for (const name of readdirSync(modules)) {
    if (name.startsWith('.')) continue
    if (name.startsWith('@')) for (const inner of readdirSync(join(modules, name))) add(join(modules, name, inner))
    else add(join(modules, name))
  }
}
const add = (folder) => {
  const entries = readdirSync(folder)
  if (entries.includes('package.json')) {
    const { name, version } = json(join(folder, 'package.json'))
    installed.add(`${name}@${version}`)
  }
  if (entries.includes('node_modules')) look(join(folder, 'node_modules'))
}
look(join(root, 'app/node_modules'))

const listed = new Set(components.map(({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`))
const missing = [...installed].filter((it) => !listed.has(it))
const extra = [...listed].filter((it) => !installed.has(it))
console.log(`${installed.size} installed, ${listed.size} listed`)
if (missing.length > 0) console.log('not listed:', missing.join(', '))
if (extra.length > 0) console.log('not installed:', extra.join(', '))
process.exit(missing.length > 0 || extra.length > 0 ? 1 : 0)
