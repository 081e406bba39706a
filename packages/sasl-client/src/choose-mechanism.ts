import type { SaslMechanism } from './sasl-exchange.ts'

/** What mechanisms must, or must not, be like: `smtp_sasl_security_options` of postconf(5). */
export type SaslSecurityOption =
  | 'noplaintext'
  | 'noactive'
  | 'nodictionary'
  | 'noanonymous'
  | 'mutual_auth'
  | 'forward_secrecy'

const OPTIONS: readonly SaslSecurityOption[] = [
  'noplaintext',
  'noactive',
  'nodictionary',
  'noanonymous',
  'mutual_auth',
  'forward_secrecy',
]

// The best first. A token is no password: only where nothing else is left is one meant.
const PREFERENCE: readonly SaslMechanism[] = [
  'SCRAM-SHA-256',
  'CRAM-MD5',
  'PLAIN',
  'LOGIN',
  'OAUTHBEARER',
  'XOAUTH2',
]
const SHOWS_SECRET: readonly SaslMechanism[] = ['PLAIN', 'LOGIN', 'XOAUTH2', 'OAUTHBEARER']

/** Whether a word is the name of an option, in lower case. */
export function isSaslSecurityOption(word: string): word is SaslSecurityOption {
  return OPTIONS.some((option) => option === word)
}

/**
 * The best mechanism that is offered and allowed.
 *
 * @param offered by the server, in any case.
 * @param options what to avoid; all of them are obeyed.
 * @returns undefined if there is none.
 */
export function chooseMechanism(
  offered: readonly string[],
  options: readonly SaslSecurityOption[],
): SaslMechanism | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()))
  return PREFERENCE.find(
    (mechanism) => names.has(mechanism) && options.every((option) => allows(option, mechanism)),
  )
}

function allows(option: SaslSecurityOption, mechanism: SaslMechanism): boolean {
  switch (option) {
    case 'noplaintext':
      return !SHOWS_SECRET.includes(mechanism)
    case 'noactive':
    case 'mutual_auth':
      return mechanism === 'SCRAM-SHA-256'
    case 'nodictionary':
      return mechanism === 'OAUTHBEARER' || mechanism === 'XOAUTH2'
    case 'forward_secrecy':
      return false // TLS is there for that.
    case 'noanonymous':
      return true // Nothing here is.
  }
}
