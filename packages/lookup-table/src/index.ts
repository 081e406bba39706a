export { ClientList, type ClientListOptions } from './client-list.ts'
export { DomainList, type DomainListOptions } from './domain-list.ts'
export {
  LookupTableError,
  type LookupTableErrorCode,
  type LookupTableErrorDetails,
} from './errors.ts'
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
export type { SubdomainStyle } from './parent-domains.ts'
export type { LookupTable, OpenTable } from './table.ts'
