/** A value of the form `transport` or `transport:nexthop` (`G-148`). */
export interface TransportValue {
  readonly transport: string
  /** Everything after the first colon; empty: none given. */
  readonly nexthop: string
}

export function parseTransportValue(text: string): TransportValue {
  const colon = text.indexOf(':')
  if (colon < 0) return { transport: text, nexthop: '' }
  return { transport: text.slice(0, colon), nexthop: text.slice(colon + 1) }
}

/**
 * Applies a result of `transport_maps` to what would be used without it (`G-149`): a transport
 * without next hop discards the next hop known so far.
 */
export function overrideRoute(
  route: TransportValue,
  result: string,
  domain: string,
): TransportValue {
  const { transport, nexthop } = parseTransportValue(result)
  if (transport === '') return { transport: route.transport, nexthop: nexthop || route.nexthop }
  if (nexthop !== '') return { transport, nexthop }
  const isFailure = transport === 'error' || transport === 'retry'
  return { transport, nexthop: isFailure ? 'Address is undeliverable' : domain }
}
