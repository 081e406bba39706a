/** How DNS led to a server, and what of that DNSSEC has validated (RFC 7672 2.2). */
export interface DnsTrail {
  /** Whether the MX or SRV records were validated; `none`: there was no need of any. */
  readonly route: 'none' | 'secure' | 'insecure'
  /** The domain that was asked for, and the name that has its records, at the end of CNAMEs. */
  readonly domains: readonly string[]
  /** The name that was asked for the address. */
  readonly host: string
  /** The name that has the address, at the end of CNAMEs. */
  readonly owner: string
  /** Whether the address was validated, with all CNAMEs on the way. */
  readonly isAddressSecure: boolean
}

/** One address at which mail for a destination may be accepted. */
export interface MailServer {
  /** The name that was asked for: the MX target, the host, or the address text itself (C-29). */
  readonly name: string
  /** Numeric address; of the family `unix`, the path of a socket. */
  readonly address: string
  /** `unix` is for those who know such servers: no lookup finds any. */
  readonly family: 4 | 6 | 'unix'
  /** 0 where the family has no ports. */
  readonly port: number
  /** MX preference, lower is better; 0 without MX. */
  readonly preference: number
  /** Absent where validation was not asked for. */
  readonly trail?: DnsTrail | undefined
}

/** How servers of equal preference are ordered (C-25, C-26). */
export interface OrderOptions {
  /** `smtp_randomize_addresses`. */
  readonly randomizeAddresses: boolean
  /** `smtp_address_preference`: the family that goes first among equal preferences. */
  readonly addressPreference: 'any' | 'ipv4' | 'ipv6'
  /** `smtp_balance_inet_protocols`: keeps one family from filling the address limit. */
  readonly balanceProtocols: boolean
  /** `smtp_mx_address_limit`, in addresses; 0 is no limit. Only balancing looks at it here. */
  readonly addressLimit: number
}

/** Uniform random numbers in [0, 1). */
export type Random = () => number

/**
 * The servers in the order to try them: shuffled, then sorted by preference and family, the order
 * before kept between equals (C-25).
 */
export function orderServers(
  servers: readonly MailServer[],
  options: OrderOptions,
  random: Random,
): MailServer[] {
  const ordered = [...servers]
  if (ordered.length < 2) return ordered
  if (options.randomizeAddresses) shuffle(ordered, random)
  const first = options.addressPreference === 'ipv6' ? 6 : 4
  const mixed = options.addressPreference === 'any'
  ordered.sort(
    (a, b) =>
      a.preference - b.preference ||
      (mixed || a.family === b.family ? 0 : a.family === first ? -1 : 1),
  )
  return options.balanceProtocols ? balanceFamilies(ordered, options.addressLimit) : ordered
}

/**
 * Drops surplus servers from the end of the family that would crowd out the other one when only
 * `limit` addresses are tried; the odd slot belongs to the family of the first server (C-26).
 */
export function balanceFamilies(servers: readonly MailServer[], limit: number): MailServer[] {
  const slots = Math.min(limit, 100)
  const v6 = servers.filter(({ family }) => family === 6).length
  const v4 = servers.length - v6
  if (slots <= 0 || v4 === 0 || v6 === 0 || servers.length <= slots) return [...servers]

  const half = Math.floor(slots / 2)
  let keep6: number
  if (v6 <= half) keep6 = v6
  else if (v4 <= half) keep6 = slots - v4
  else keep6 = servers[0]?.family === 6 ? slots - half : half
  let left6 = keep6
  let left4 = slots - keep6
  return servers.filter(({ family }) => (family === 6 ? left6-- > 0 : left4-- > 0))
}

function shuffle(servers: MailServer[], random: Random): void {
  for (let last = servers.length - 1; last > 0; last--) {
    const pick = Math.floor(random() * (last + 1))
    const server = servers[last]!
    servers[last] = servers[pick]!
    servers[pick] = server
  }
}
