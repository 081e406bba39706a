export {
  type ExtensionRules,
  type SplitExtension,
  splitExtension,
} from './address-extension.ts'
export { type AddressKeys, type AddressMatch, lookupAddress } from './address-lookup.ts'
export { ClientList, type ClientListOptions } from './client-list.ts'
export { DomainList, type DomainListOptions } from './domain-list.ts'
export {
  LookupTableError,
  type LookupTableErrorCode,
  type LookupTableErrorDetails,
} from './errors.ts'
export { foldKey } from './fold-key.ts'
export type { Later } from './later.ts'
export { type MappingRules, mapAddress, mappedAddresses } from './mapped-addresses.ts'
export {
  type BrokenItem,
  type ListProblem,
  type LiteralItem,
  type MatchList,
  type MatchListItem,
  type MatchListOptions,
  parseMatchList,
  type TableItem,
} from './match-list.ts'
export {
  type OpenedTable,
  openTable,
  openTableOrFailing,
  tableOpener,
} from './open-table.ts'
export type { SubdomainStyle } from './parent-domains.ts'
export type { LookupTable, OpenTable } from './table.ts'
export { tableFiles } from './table-file.ts'
export { TableList, type TableListOptions, type TableScope } from './table-list.ts'
export type { TableContext, TableEnvironment, TablePurpose, TableType } from './table-type.ts'
export { tableTypes } from './table-types.ts'
