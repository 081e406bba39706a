/** Who sent the message, as the server that received it knows them. */
export interface CleanupClient {
  /** A host name that was verified, or `unknown`. */
  readonly name: string
  /** Plain form: IPv6 without prefix. */
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
}

/** The user of this machine who handed the message in (F-58). */
export interface CleanupSubmitter {
  readonly userId: number
}

/** Where a message comes from; `internal`: the mail system made it, as it does notifications. */
export type CleanupOrigin = CleanupClient | CleanupSubmitter | 'internal'

// The numbers of Linux, whatever the system: [R] of F-39.
const ADDRESS_TYPE = { 4: '2', 6: '10' } as const

/** The address as headers show it: `IPv6:` goes before an IPv6 address. */
export function headerAddress({ address, family }: CleanupClient): string {
  return family === 6 ? `IPv6:${address}` : address
}

/** Whether the message came over a network. */
export function isClient(origin: CleanupOrigin): origin is CleanupClient {
  return origin !== 'internal' && 'address' in origin
}

/** The origin as log lines show it. */
export function shownOrigin(origin: CleanupOrigin, withPort: boolean): string {
  if (!isClient(origin)) return 'local'
  const { name, address, port } = origin
  return withPort ? `${name}[${address}]:${port}` : `${name}[${address}]`
}

/**
 * What is stored of a client of QMQP, in the order of Q-902 and F-46; of others, nothing.
 *
 * @param shown As `shownOrigin` has it.
 */
export function clientAttributes(
  client: CleanupOrigin,
  shown: string,
): readonly (readonly [name: string, value: string])[] {
  if (!isClient(client)) return []
  const { name, address, family } = client
  const port = String(client.port)
  return [
    ['log_client_name', name],
    ['log_client_address', headerAddress(client)],
    ['log_client_port', port],
    ['log_message_origin', shown],
    ['log_protocol_name', 'QMQP'],
    ['client_name', name],
    ['client_address', address],
    ['client_port', port],
    ['client_address_type', ADDRESS_TYPE[family]],
    ['protocol_name', 'QMQP'],
  ]
}
