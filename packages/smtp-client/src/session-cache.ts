import type { MailServer } from '@posthouse/mx-lookup'

import type { SmtpClientOptions } from './options.ts'
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

/** What sessions have to have in common to serve one request, beside where they lead (C-118). */
export interface LabelScope {
  /** Name of the transport. */
  readonly service: string
  readonly smtputf8: boolean
  /** What REQUIRETLS of the message comes to; undefined: it does not ask for that. */
  readonly requireTls: string | undefined
  /** Whether the client logs in; `sender`: as the sender says. */
  readonly login: 'none' | 'one' | { readonly sender: string }
}

/**
 * The scopes of one client, by sender and need of SMTPUTF8, before REQUIRETLS is looked at. Where
 * the sender does not matter they are the same objects each time.
 */
export function labelScopes({
  serviceName: service,
  sasl,
}: SmtpClientOptions): (sender: string, smtputf8: boolean) => LabelScope {
  const scope = (smtputf8: boolean, login: LabelScope['login']): LabelScope => {
    return { service, smtputf8, requireTls: undefined, login }
  }
  if (sasl?.passwordsOfSenders) return (sender, smtputf8) => scope(smtputf8, { sender })
  const login = sasl === undefined ? 'none' : 'one'
  const [plain, international] = [scope(false, login), scope(true, login)]
  return (_, smtputf8) => (smtputf8 ? international : plain)
}

/**
 * The label of a request: its scope, and its first destination as written. Of a session that it
 * finds, the TLS policy is still to be looked at.
 */
export function destinationLabel(scope: LabelScope, nexthop: string): string {
  return `destination\n${scopeLabel(scope)}\n${nexthop}`
}

/**
 * The label of a server: its scope, address and port; with TLS its whole policy. Where certificates
 * have to match, or passwords are looked up, by what they do.
 */
export function endpointLabel(
  scope: LabelScope,
  { name, address, port }: MailServer,
  nexthop: string,
  policy: TlsPolicy | undefined,
): string {
  const label = `endpoint\n${scopeLabel(scope)}\n${address}\n${port}\n${policy?.key ?? ''}`
  const isByName = policy !== undefined && matchesCertificate(policy.level)
  return isByName || scope.login !== 'none' ? `${label}\n${nexthop}\n${name}` : label
}

function scopeLabel({ service, smtputf8, requireTls, login }: LabelScope): string {
  const sender = typeof login === 'object' ? JSON.stringify(login.sender) : login
  return `${service}\n${smtputf8}\n${requireTls}\n${sender}`
}
