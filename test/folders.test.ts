import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allowed, type Room, rooms } from './support/layout.ts'
import { repositoryFiles, repositoryFolders, root, textOf } from './support/repository.ts'

/** Folders at the top, and those in the rooms: a stranger opens them first. */
const documented = repositoryFolders.filter((folder) => {
  const [top, ...below] = folder.split('/')
  return !top!.startsWith('.') && (below.length === 0 || (below.length === 1 && top! in allowed))
})

const hasCode = (folder: string) =>
  repositoryFiles.some((file) => file.startsWith(`${folder}/`) && /\.(ts|js|cjs)$/.test(file))

const roomOf = (folder: string): Room =>
  rooms.find((room) => room === folder) ?? rooms.find((room) => folder.startsWith(`${room}/`))!

const shown = (name: string) => `\`${name.replace(' (types)', '')}\`${name.endsWith(' (types)') ? ' (types only)' : ''}`

/** The line that a README has to have. */
const importsLine = (folder: string): string => {
  const room = roomOf(folder)
  if (room !== folder) return `Imports: as [\`${room}\`](../README.md).`
  return `Imports: ${allowed[room].map(shown).join(', ') || 'packages only'}.`
}

const readme = (folder: string) => (existsSync(join(root, folder, 'README.md')) ? textOf(`${folder}/README.md`) : '')

describe('every folder', () => {
  it('has a README with its name', () => {
    expect(documented.length).toBeGreaterThan(30)
    expect(documented.filter((folder) => !readme(folder).startsWith('# '))).toEqual([])
  })

  it.each(documented.filter((folder) => roomOf(folder) && hasCode(folder)))(
    'says what may be imported as the architecture test has it: %s',
    (folder) => {
      // Lines are wrapped.
      expect(readme(folder).replace(/(?<!\n)\n(?!\n)/g, ' ')).toContain(importsLine(folder))
    },
  )

  it('gives an example', () => {
    const inRooms = documented.filter((folder) => roomOf(folder))
    expect(inRooms.filter((folder) => !/^Example: \S/m.test(readme(folder)))).toEqual([])
  })
})
