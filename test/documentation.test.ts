import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { markdownFiles, repositoryFolders, root, textOf } from './support/repository.ts'

const withoutCode = (markdown: string) => markdown.replace(/^ *```[\s\S]*?^ *```$/gm, '').replace(/`[^`\n]*`/g, '')

/** The anchors of a page's headings, as GitHub makes them. */
const anchorsOf = (markdown: string): Set<string> => {
  const anchors = new Set<string>()
  for (const [, heading] of markdown.replace(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const text = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')
    let anchor = slug
    for (let nth = 1; anchors.has(anchor); nth++) anchor = `${slug}-${nth}`
    anchors.add(anchor)
  }
  return anchors
}

interface Link {
  from: string
  target: string
}

const links: Link[] = markdownFiles.flatMap((from) =>
  [...withoutCode(textOf(from)).matchAll(/\]\(<?([^)>\s]+)>?\)/g)].map(([, target]) => ({ from, target: target! })),
)
const relative = links.filter(({ target }) => !/^[a-z]+:/.test(target))

/** Why a relative link leads nowhere; undefined if it leads somewhere. */
const problemOf = ({ from, target }: Link): string | undefined => {
  const [path = '', anchor] = decodeURI(target).split('#')
  const file = path === '' ? from : posix.normalize(posix.join(dirname(from), path))
  if (!existsSync(join(root, file))) return `${from}: ${target}: there is no ${file}`
  if (anchor === undefined) return undefined
  if (!file.endsWith('.md')) return `${from}: ${target}: only Markdown files have anchors`
  return anchorsOf(textOf(file)).has(anchor) ? undefined : `${from}: ${target}: ${file} has no such heading`
}

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
/** Made by commands, or with a NAME to be filled in. */
const isElsewhere = (path: string) => ['infra/compose/.env', 'bench/gpu.md'].includes(path) || /\bNAME\b/.test(path)
const topLevel = repositoryFolders.filter((folder) => !folder.includes('/'))

/** Matches of a pattern in every Markdown file, as `file: match`, of those that `isWrong`. */
const wrongIn = (pattern: RegExp, isWrong: (match: string) => boolean): string[] =>
  markdownFiles.flatMap((file) =>
    [...textOf(file).matchAll(pattern)].flatMap(([, match]) => (isWrong(match!) ? [`${file}: ${match}`] : [])),
  )

describe('the documentation', () => {
  it('has links and anchors that lead somewhere', () => {
    expect(relative.length).toBeGreaterThan(40)
    expect(relative.flatMap((link) => problemOf(link) ?? [])).toEqual([])
  })

  it('names npm scripts that exist', () => {
    expect(wrongIn(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g, (name) => !(name in scripts))).toEqual([])
  })

  it('names files and folders that exist', () => {
    const pattern = new RegExp(
      `[\`\\s](\\.?/?(?:${topLevel.map((name) => name.replace('.', '\\.')).join('|')})/[\\w./-]*\\w)(?=[\`\\s,;:)])`,
      'g',
    )
    expect(wrongIn(pattern, (path) => !isElsewhere(path) && !existsSync(join(root, path)))).toEqual([])
  })

  it('lists every command', () => {
    const commands = Object.keys(scripts).filter((name) => /tsx (?:cli|api|bench)\//.test(scripts[name]!))
    const page = textOf('docs/commands.md')
    const isListed = (name: string) => new RegExp(`\`npm (run )?${name}\\b`).test(page)
    expect(commands.length).toBeGreaterThan(10)
    expect(commands.filter((name) => !isListed(name))).toEqual([])
  })

  it('reaches every page from the README', () => {
    const reached = new Set(['README.md'])
    for (const file of reached) {
      for (const { from, target } of relative) {
        const path = posix.normalize(posix.join(dirname(from), target.split('#')[0]!))
        if (from === file && path.endsWith('.md')) reached.add(path)
      }
    }
    const pages = markdownFiles.filter((file) => /^[^/]+\.md$|^docs\/|^bench\/[^/]+\.md$/.test(file))
    expect(pages.filter((page) => !reached.has(page))).toEqual([])
  })
})

describe('anchors', () => {
  it('are made as GitHub makes them', () => {
    expect([...anchorsOf('# A `b` & [C](d)\n## What failed, and why?\n## What failed, and why?\n')]).toEqual([
      'a-b--c',
      'what-failed-and-why',
      'what-failed-and-why-1',
    ])
  })
})
