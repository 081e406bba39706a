import type { Dialogue } from '../../harness/smtp-dialogues.ts'

// Beside those with a zone of their own.
const WITHOUT_ZONE = ['refused-fallback', 'fallback-nodns', 'nxdomain', 'host-lookup-nodns']
const ROUTING = [
  ...WITHOUT_ZONE,
  'no-brackets-ip',
  'dest-list-nx',
  'nx-fallback',
  'relayhost-problem',
]

/**
 * Dialogues that the whole system does not replay, beside those with TLS, by the reason. The tests
 * of @posthouse/smtp-client replay all of them.
 */
export const NOT_REPLAYED: Readonly<Record<string, readonly string[]>> = {
  'the RSET of a kept session travels with the commands behind it': ['cache-rset-rejected'],
  'the message has megabytes': ['early-552', 'early-close', 'xfer-timeout'],
  'the log shows the challenge, and not the password (C-71)': ['auth-long-bad'],
}

/** Where the whole system replays a dialogue; undefined: nowhere. */
export function dialogueKind({ name, dns, config }: Dialogue): 'routing' | 'session' | undefined {
  if (Object.keys(config).some((parameter) => parameter.includes('tls'))) return undefined
  if (Object.values(NOT_REPLAYED).some((names) => names.includes(name))) return undefined
  return dns !== undefined || ROUTING.includes(name) ? 'routing' : 'session'
}
