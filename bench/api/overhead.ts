import type { Stand } from './api-stand.ts'
import { createHttp } from './http.ts'
import { type Load, load } from './load.ts'
import { executeBare } from './start-bare.ts'

export interface OverheadRow extends Load {
  readonly what: string
  readonly callers: number
}

/** A prediction whose steps take no time, from the request to the answer that has its end; and the same workflow alone. */
export const measureOverhead = async (stand: Stand, calls: number): Promise<OverheadRow[]> => {
  const rows: OverheadRow[] = []
  for (const callers of [1, 10]) {
    const http = createHttp(stand.url, callers)
    const viaApi = async () => {
      const { status } = JSON.parse(await http.create({ prefer: 'wait' })) as { status: string }
      if (status !== 'succeeded') throw new Error(`The prediction is ${status}`)
    }
    await load(callers, { calls: 2 * callers }, viaApi)
    rows.push({
      what: 'workflow.execute',
      callers,
      ...(await load(callers, { calls }, () => executeBare(stand.client))),
    })
    rows.push({ what: 'POST with Prefer: wait', callers, ...(await load(callers, { calls }, viaApi)) })
    await http.close()
  }
  return rows
}
