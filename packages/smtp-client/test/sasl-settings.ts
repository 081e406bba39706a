import { randomBytes } from 'node:crypto'

import type { Logger } from '@posthouse/mail-log'
import { isSaslSecurityOption, type SaslSecurityOption } from '@posthouse/sasl-client'

import type { SaslOptions } from '../src/index.ts'
import { inlineTable } from './tls-settings.ts'

const DAY_MS = 86_400_000

/** The options of a dialogue's main.cf; undefined if it does not log in. */
export function saslOptions(
  config: Readonly<Record<string, string>>,
  withPorts: (text: string) => string,
  log: Logger,
): SaslOptions | undefined {
  if (config['smtp_sasl_auth_enable'] !== 'yes') return undefined
  const text = (name: string, otherwise: string): string => withPorts(config[name] ?? otherwise)
  const passwords = inlineTable(text('smtp_sasl_password_maps', ''), log)!
  const plaintext = text('smtp_sasl_security_options', 'noplaintext, noanonymous')
  const tls = text('smtp_sasl_tls_security_options', plaintext)
  const filter = text('smtp_sasl_mechanism_filter', '')
  const ofSender = (sender: string): string | undefined =>
    passwords(sender) ?? passwords(sender.slice(sender.lastIndexOf('@')))
  const isSenderDependent = text('smtp_sender_dependent_authentication', 'no') === 'yes'
  return {
    passwords,
    passwordsOfSenders: isSenderDependent ? ofSender : undefined,
    delimiter: ':',
    acceptsMechanism: (name) => filter === '' || filter.toUpperCase().split(/[, ]+/).includes(name),
    securityOptions: securityOptions(plaintext),
    tlsSecurityOptions: securityOptions(tls),
    tlsVerifiedSecurityOptions: securityOptions(tls),
    softBounce: text('smtp_sasl_auth_soft_bounce', 'yes') === 'yes',
    dummyMailAuth: text('smtp_send_dummy_mail_auth', 'no') === 'yes',
    sendAuthorizationId: false,
    failureCacheMs: 'smtp_sasl_auth_cache_name' in config ? 90 * DAY_MS : 0,
    randomBytes,
  }
}

function securityOptions(text: string): SaslSecurityOption[] {
  return text.split(/[, ]+/).filter(isSaslSecurityOption)
}
