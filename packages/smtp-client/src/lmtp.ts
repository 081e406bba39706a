import type { MailServer } from '@posthouse/mx-lookup'

/** What a client for LMTP has to know beside what it shares with SMTP (RFC 2033). */
export interface LmtpOptions {
  /** `queue_directory`, where relative paths of `unix:` next hops start. Absolute. */
  readonly socketDirectory: string
}

/** The name of a parameter of SMTP, or of its twin for LMTP, as messages have it. */
export type NameParameter = (name: `smtp_${string}`) => string

/** Names parameters for SMTP, or for LMTP, which says LHLO where SMTP says EHLO. */
export function parameterNames(lmtp: LmtpOptions | undefined): NameParameter {
  if (lmtp === undefined) return (name) => name
  return (name) => name.replace('smtp_', 'lmtp_').replace('_ehlo_', '_lhlo_')
}

/**
 * The path in a next hop `unix:pathname`: undefined for others. As in Postfix, all that follows is
 * the path, commas and white space included.
 */
export function socketPath(nexthop: string): string | undefined {
  return nexthop.startsWith('unix:') ? nexthop.slice('unix:'.length) : undefined
}

/** Without the `inet:` that there may be before one or more next hops, for all of them. */
export function withoutInet(nexthop: string): string {
  return nexthop.startsWith('inet:') ? nexthop.slice('inet:'.length) : nexthop
}

/** The server behind a UNIX-domain socket: as far as logs are concerned, this host. */
export function socketServer(path: string, myhostname: string): MailServer {
  return { name: myhostname, address: path, family: 'unix', port: 0, preference: 0 }
}
