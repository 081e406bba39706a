import type { TlsPolicy } from './tls-policy.ts'

/** The policy for a server, or why there is none: what the recipients are deferred with. */
export type TlsPolicyResult =
  | { readonly kind: 'policy'; readonly policy: TlsPolicy }
  | UnusablePolicy

/** A server that may not be talked to. */
export interface UnusablePolicy {
  readonly kind: 'unusable'
  /** Enhanced status code of class 4. */
  readonly status: string
  /** A text of C-108. */
  readonly text: string
}

/** What the configuration says makes no sense, which was logged. */
export const MISCONFIGURED: UnusablePolicy = unusable('client TLS configuration problem')

/** No policy, for a reason that has to do with security. */
export function unusable(text: string): UnusablePolicy {
  return { kind: 'unusable', status: '4.7.5', text }
}
