import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { expect, inject, it } from 'vitest'
import { startDevServer } from '../../../cli/stack/dev-server.ts'
import { missingSearchAttributes, requireSearchAttributes } from '../../../temporal/register-search-attributes.ts'

const connected = async <T>(address: string, run: (connection: Connection) => Promise<T>): Promise<T> => {
  const connection = await Connection.connect({ address })
  try {
    return await run(connection)
  } finally {
    await connection.close()
  }
}

it('are completed in a database that an older version has made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'idem-database-'))
  const start = () => startDevServer({ cli: inject('temporalCli'), dbFile: join(folder, 'temporal.db') })
  try {
    const older = await start()
    await connected(older.address, ({ operatorService }) =>
      operatorService.removeSearchAttributes({
        namespace: 'default',
        searchAttributes: ['IdemExpiresAt', 'IdemFailure'],
      }),
    )
    const missing = await connected(older.address, (connection) => missingSearchAttributes(connection, 'default'))
    expect(missing.map(({ name }) => name)).toEqual(['IdemFailure', 'IdemExpiresAt'])
    await older.stop()

    const newer = await start()
    try {
      await connected(newer.address, async (connection) => {
        expect(await missingSearchAttributes(connection, 'default')).toEqual([])
        const query = 'IdemExpiresAt > "2020-01-01T00:00:00Z"'
        expect(await connection.workflowService.countWorkflowExecutions({ namespace: 'default', query })).toMatchObject(
          {
            count: expect.anything(),
          },
        )
      })
    } finally {
      await newer.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

it('are asked for by name and command before a worker runs workflows', async () => {
  await connected(inject('temporalAddress'), async (connection) => {
    await expect(requireSearchAttributes(connection, 'default')).resolves.toBeUndefined()
    await expect(requireSearchAttributes(connection, 'temporal-system')).rejects.toThrow(
      'temporal operator search-attribute create --namespace temporal-system --name IdemExpiresAt --type Datetime',
    )
  })
})
