import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const listening = '0A'

/** The TCP ports that a process listens on, as Linux tells them. */
export const listeningPorts = (pid: number): number[] => {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        // Closed meanwhile.
        return []
      }
    }),
  )
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8').trim().split('\n').slice(1),
  )
  return rows.flatMap((row) => {
    const columns = row.trim().split(/\s+/)
    const [local = '', state, inode = ''] = [columns[1], columns[3], columns[9]]
    return state === listening && inodes.has(inode) ? Number.parseInt(local.split(':').at(-1)!, 16) : []
  })
}
