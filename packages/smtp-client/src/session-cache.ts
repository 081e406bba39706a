import type { MailServer } from '@posthouse/mx-lookup'

import type { SmtpSession } from './session.ts'

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
 * SMTPUTF8 (C-118, without TLS and SASL, which this client has not).
 */
export function destinationLabel(service: string, nexthop: string, smtputf8: boolean): string {
  return `destination\n${service}\n${nexthop}\n${smtputf8}`
}

/** The label of a server: transport, address, port, SMTPUTF8 (C-118). */
export function endpointLabel(
  service: string,
  { address, port }: MailServer,
  smtputf8: boolean,
): string {
  return `endpoint\n${service}\n${address}\n${port}\n${smtputf8}`
}
