/**
 * Tells whether a domain is in a list such as `mydestination`; a `DomainList` of
 * `@posthouse/lookup-table` can. Letter case must not matter.
 *
 * @throws {AddressResolverError} `lookup`: it cannot be told now. Mail for the domain then waits.
 */
export type DomainMatcher = (domain: string) => boolean
