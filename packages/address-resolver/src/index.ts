export { AddressResolver, type ResolverOptions } from './address-resolver.ts'
export type { DomainMatcher } from './domain-matcher.ts'
export { AddressResolverError, type AddressResolverErrorCode } from './errors.ts'
export { localDomains } from './local-domains.ts'
export type {
  AddressClass,
  BadAddress,
  Resolution,
  Route,
  TemporaryFailure,
} from './resolution.ts'
export { rewriteAddress, rewriteExternalAddress } from './rewrite-address.ts'
export type { RewriteRules } from './rewrite-tokens.ts'
export type { AddressTable, RoutingTables } from './routing-tables.ts'
