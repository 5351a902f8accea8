import { resolve } from 'node:path'

/** Folder of this project, whatever the working directory is. */
export const projectDir = resolve(import.meta.dirname, '..')
