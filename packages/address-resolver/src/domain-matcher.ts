/**
 * Tells whether a domain is in a list such as `mydestination`; a `DomainList` of
 * `@posthouse/lookup-table` can. Letter case must not matter. May answer at once or later.
 *
 * @throws {AddressResolverError} `lookup`, also as a rejection: it cannot be told now. Mail for the
 * domain then waits.
 */
export type DomainMatcher = (domain: string) => boolean | Promise<boolean>
