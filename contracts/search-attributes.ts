/** Custom search attributes of every prediction and their types, as `temporal server start-dev` registers them. */
export const searchAttributes = {
  IdemTenant: 'Keyword',
  IdemModel: 'Keyword',
} as const
