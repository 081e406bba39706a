import type { MailServer } from '@posthouse/mx-lookup'

import type { SmtpSession } from './session.ts'
import { matchesCertificate } from './tls/tls-level.ts'
import type { TlsPolicy } from './tls/tls-policy.ts'

/** Where sessions wait for the next delivery, as in @posthouse/connection-cache. */
export interface SessionCache {
  /** Keeps a session under each label, and calls `close` when nobody took it in time. */
  store(
    labels: readonly string[],
    session: SmtpSession,
    ttlMs: number,
    close: (session: SmtpSession) => void,
  ): void
  /** Hands out the session stored last under the label, once. */
  take(label: string): SmtpSession | undefined
}

/**
 * The label of a request: its transport, its first destination as written, and whether it needs
 * SMTPUTF8 (C-118). Of a session that it finds, the TLS policy is still to be looked at.
 */
export function destinationLabel(service: string, nexthop: string, smtputf8: boolean): string {
  return `destination\n${service}\n${nexthop}\n${smtputf8}`
}

/**
 * The label of a server: transport, address, port, SMTPUTF8; with TLS its whole policy, and where
 * certificates have to match, what they have to match (C-118).
 */
export function endpointLabel(
  service: string,
  { name, address, port }: MailServer,
  smtputf8: boolean,
  nexthop: string,
  policy: TlsPolicy | undefined,
): string {
  const label = `endpoint\n${service}\n${address}\n${port}\n${smtputf8}`
  if (policy === undefined) return label
  const names = matchesCertificate(policy.level) ? `\n${nexthop}\n${name}` : ''
  return `${label}\n${policy.key}${names}`
}
