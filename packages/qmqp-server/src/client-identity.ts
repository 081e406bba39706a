import type { Socket } from 'node:net'

/** Where a client connects from (rule Q-311). */
export interface QmqpClientAddress {
  /** IP address without zone; IPv4-mapped addresses as plain IPv4. `127.0.0.1` if not over IP. */
  readonly address: string
  /** TCP port; 0 if not over IP. */
  readonly port: number
  readonly family: 4 | 6
}

/** Who a client is: its address, and the host name that belongs to it. */
export interface QmqpClientIdentity extends QmqpClientAddress {
  /** Verified host name, or `unknown`. */
  readonly name: string
}

/** What a client without a verified name is called, and one that is gone altogether. */
export const UNKNOWN = 'unknown'

/** Who a client is that does not come over IP: it can only be on this machine. */
export const LOCAL_CLIENT: QmqpClientIdentity = {
  name: 'localhost',
  address: '127.0.0.1',
  port: 0,
  family: 4,
}

const MAPPED = '::ffff:'

/** What of a socket tells who is at the other end. */
export type PeerSocket = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'destroyed'>

/** Reads the peer of a socket; `LOCAL_CLIENT` if not over IP. Undefined: it is gone already. */
export function peerAddress(socket: PeerSocket): QmqpClientAddress | undefined {
  const { remoteAddress, remotePort } = socket
  if (remoteAddress !== undefined && remotePort !== undefined) {
    return normalizeAddress(remoteAddress, remotePort)
  }
  // A socket without any IP address is a UNIX-domain socket; one that lost only its peer is not.
  const isLocal = !socket.destroyed && socket.localAddress === undefined
  return isLocal ? LOCAL_CLIENT : undefined
}

/**
 * `name[address]`, the form of a client in replies and logs; with `:port` if asked. All
 * three are `unknown` for a client that is gone.
 */
export function formatClient(
  client: Pick<QmqpClientIdentity, 'name' | 'address'> & { readonly port: number | string },
  withPort: boolean,
): string {
  const { name, address, port } = client
  return withPort ? `${name}[${address}]:${port}` : `${name}[${address}]`
}

function normalizeAddress(remoteAddress: string, port: number): QmqpClientAddress {
  const zone = remoteAddress.indexOf('%')
  const address = zone < 0 ? remoteAddress : remoteAddress.slice(0, zone)
  if (!address.includes(':')) return { address, port, family: 4 }
  if (address.startsWith(MAPPED) && address.includes('.')) {
    return { address: address.slice(MAPPED.length), port, family: 4 }
  }
  return { address, port, family: 6 }
}
