import type { Connection } from '@temporalio/client'
import proto from '@temporalio/proto'
import { searchAttributes } from '../contracts/search-attributes.ts'
import { retry } from '../lib/retry.ts'

const { IndexedValueType } = proto.temporal.api.enums.v1

export interface SearchAttribute {
  name: string
  type: 'Keyword' | 'Datetime'
}

const typeNumber = ({ type }: SearchAttribute) =>
  type === 'Keyword' ? IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD : IndexedValueType.INDEXED_VALUE_TYPE_DATETIME

const ours = Object.entries(searchAttributes).map(([name, type]): SearchAttribute => ({ name, type }))

/** Those of ours that a namespace lacks or has with another type. Rejects where the server does not list them. */
export const missingSearchAttributes = async (
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<SearchAttribute[]> => {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  return ours.filter((attribute) => customAttributes[attribute.name] !== typeNumber(attribute))
}

const registerTimeoutMs = 20_000

/** Registers them, and waits until the server takes them: some seconds. */
export const addSearchAttributes = async (
  { operatorService, workflowService }: Pick<Connection, 'operatorService' | 'workflowService'>,
  namespace: string,
  attributes: readonly SearchAttribute[],
): Promise<void> => {
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(attributes.map((one) => [one.name, typeNumber(one)])),
  })
  const query = attributes.map(({ name }) => `${name} IS NOT NULL`).join(' AND ')
  const known = () => workflowService.countWorkflowExecutions({ namespace, query })
  await retry(known, { giveUpAfterMs: registerTimeoutMs, delayMs: () => 100 })
}

/** How an operator registers one. */
export const searchAttributeCommand = (namespace: string, { name, type }: SearchAttribute): string =>
  `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`

/**
 * Throws where a namespace lacks some, naming the commands that register them: a workflow that sets one would try so for
 * ever. A server that does not let us look is taken at its word.
 */
export const requireSearchAttributes = async (
  connection: Pick<Connection, 'operatorService'>,
  namespace: string,
): Promise<void> => {
  const missing = await missingSearchAttributes(connection, namespace).catch(() => [])
  if (missing.length === 0) return
  const commands = missing.map((one) => `  ${searchAttributeCommand(namespace, one)}`)
  throw new Error(`The namespace ${namespace} lacks search attributes. Register them with\n${commands.join('\n')}`)
}
