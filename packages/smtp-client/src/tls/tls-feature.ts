import type { TlsPolicy } from './tls-policy.ts'

/** What became of a policy with a server. */
export type TlsState = 'undecided' | 'plaintext' | 'secured' | 'violated'

/** Where not even the policy could be found out. */
export const UNKNOWN_TLS = 'unknown?'

/**
 * How a connection was to be protected, and is, as delivery lines have it behind `tls=` (C-107).
 *
 * @param policy undefined: without TLS.
 */
export function tlsFeature(policy: TlsPolicy | undefined, state: TlsState): string {
  const level = policy?.level ?? 'none'
  switch (state) {
    case 'undecided':
      return `${level}?`
    case 'violated':
      return `!${level}`
    case 'plaintext':
      return level === 'none' ? level : `${level}:none`
    case 'secured':
      return policy?.dane?.records.length === 0 ? `${level}:encrypt` : level
  }
}
