import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

// Licences of the packages that an installation for production may have: `docs/licences.md` is made from the lockfile, the
// same on every platform. `--write` makes it; without, exit code 1 says that it is out of date or that a licence is new.

const table = 'docs/licences.md'

/** Taken from any package. */
const allowed = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Python-2.0',
  'Unlicense',
])

/** Taken from these packages alone: libraries that are used as they come, and data with a name to be named. */
const allowedFor: Record<string, RegExp> = {
  'LGPL-3.0': /^libheif-js$/,
  'LGPL-3.0-or-later': /^@img\/sharp-/,
  'Bitstream-Vera': /^dejavu-fonts-ttf$/,
  'CC-BY-4.0': /^caniuse-lite$/,
}

/** Packages that name no licence in their package.json: which it is, and words of their LICENSE that say so. */
const stated: Record<string, { licence: string; words: string }> = {
  unionfs: { licence: 'Unlicense', words: 'This is free and unencumbered software released into the public domain.' },
  'dejavu-fonts-ttf': { licence: 'Bitstream-Vera', words: 'Bitstream Vera Fonts Copyright' },
}

interface Package {
  name: string
  version: string
  licence: string
}

interface LockEntry {
  name?: string
  version?: string
  license?: string
  dev?: boolean
}

const readJson = async (path: string) => JSON.parse(await readFile(path, 'utf8'))

const licenceOf = async (folder: string, name: string, { license }: LockEntry): Promise<string> => {
  const own = stated[name]
  if (own) {
    const text = await readFile(join(folder, 'LICENSE'), 'utf8')
    if (!text.includes(own.words)) throw new Error(`The LICENSE of ${name} is not ${own.licence} any more`)
    return own.licence
  }
  const found = license ?? (await readJson(join(folder, 'package.json')).catch(() => ({}))).license
  return typeof found === 'string' ? found : 'none'
}

/** Production packages of the lockfile, of every platform, each name and version once. */
const readPackages = async (): Promise<Package[]> => {
  const { packages } = (await readJson('package-lock.json')) as { packages: Record<string, LockEntry> }
  const found = new Map<string, Package>()
  for (const [folder, entry] of Object.entries(packages)) {
    if (folder === '' || entry.dev) continue
    const name = entry.name ?? folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const version = entry.version ?? ''
    found.set(`${name} ${version}`, { name, version, licence: await licenceOf(folder, name, entry) })
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found)
}

const isAllowed = (name: string, licence: string): boolean =>
  allowed.has(licence) || (allowedFor[licence]?.test(name) ?? false)

/** An SPDX expression: one side of an OR is enough, all of an AND are needed. One with inner parentheses is for a person. */
const isTaken = ({ name, licence }: Package): boolean => {
  const flat = licence.replace(/^\(([^()]*)\)$/, '$1')
  if (/[()]/.test(flat)) return false
  return flat.split(' OR ').some((side) => side.split(' AND ').every((one) => isAllowed(name, one)))
}

const render = (packages: Package[]): string => {
  const lines = packages.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)
  return `# Licences of the packages in use

Made by \`node --import tsx .ci/licences.ts --write\` from the lockfile: what \`npm ci --omit=dev\` may install, on any
platform. The licences of models and pictures are in [models.md](models.md#licences).

| package | version | licence |
|---|---|---|
${lines.join('\n')}
`
}

const packages = await readPackages()
const refused = packages.filter((found) => !isTaken(found))
for (const { name, version, licence } of refused)
  console.error(`${name} ${version}: the licence ${licence} is not allowed`)
const text = render(packages)
if (process.argv.includes('--write')) await writeFile(table, text)
const current = (await readFile(table, 'utf8').catch(() => '')) === text
if (!current) console.error(`${table} is out of date: node --import tsx .ci/licences.ts --write`)
if (refused.length > 0 || !current) process.exitCode = 1
else console.log(`The licences of ${packages.length} packages are in order`)
