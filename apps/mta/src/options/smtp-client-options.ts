import { AddressResolverError } from '@posthouse/address-resolver'
import { type Config, parseKnownTcpPorts } from '@posthouse/config'
import type { ServicePorts } from '@posthouse/mx-lookup'
import type { SessionErrorClass, SmtpClientOptions } from '@posthouse/smtp-client'

import type { ClientService } from '../client-services.ts'
import { debugPeers, domainMatcher, type ListUser } from '../match-lists.ts'
import { servicePort } from '../system-services.ts'
import type { Tables } from '../tables.ts'
import { requireTlsPolicy } from './require-tls-policy.ts'
import { serviceFlags } from './service-flags.ts'
import { smtpSaslOptions } from './smtp-sasl-options.ts'
import { smtpTableOptions } from './smtp-table-options.ts'
import { smtpTlsOptions } from './smtp-tls-options.ts'
import { sourceAddresses } from './source-addresses.ts'
import type { ReadFile } from './tls-files.ts'

// The longest that a timer can wait: 24 days.
const MAX_TIMER_MS = 2 ** 31 - 1

/** How services of next hops become ports. */
export function servicePorts(config: Config): ServicePorts {
  return {
    defaultService: config.smtp_tcp_port,
    knownTcpPorts: parseKnownTcpPorts(config.settings.expanded('known_tcp_ports')).ports,
    servicePort,
  }
}

/** What a client finds around it. */
export interface ClientPlaces {
  /** `queue_directory`. */
  readonly queueDirectory: string
  /** `inet_interfaces`, expanded. */
  readonly ownAddresses: readonly string[]
}

/**
 * smtp(8), for SMTP or for LMTP.
 *
 * @param readFile for keys, certificates and the like.
 * @throws {ConfigError} A list or file cannot be used, a source address is none, or an argument of
 * the service means nothing.
 */
export function smtpClientOptions(
  user: ClientService & ListUser,
  tables: Tables,
  { queueDirectory, ownAddresses }: ClientPlaces,
  readFile: ReadFile,
): SmtpClientOptions {
  const { config, service, protocol } = user
  const isLmtp = protocol === 'lmtp'
  const { isFinal, prependedHeaders } = serviceFlags(service)
  return {
    ...servicePorts(config),
    ...timeLimits(config),
    ...reuseOptions(user, tables),
    ...sourceAddresses(config, ownAddresses),
    serviceName: service.name, // Which is the name of the transport.
    myhostname: config.myhostname,
    heloName: config.smtp_helo_name,
    lmtp: isLmtp ? { socketDirectory: queueDirectory } : undefined,
    fallbackRelay: config.smtp_fallback_relay,
    relayhost: isLmtp ? '' : config.settings.expanded('relayhost'),
    mxAddressLimit: config.smtp_mx_address_limit,
    mxSessionLimit: config.smtp_mx_session_limit,
    skip5xxGreeting: config.smtp_skip_5xx_greeting,
    skipQuitResponse: config.smtp_skip_quit_response,
    sendEhlo: sendEhlo(config),
    discardEhloKeywords: config.smtp_discard_ehlo_keywords,
    pixWorkarounds: config.smtp_pix_workarounds,
    pixThresholdMs: config.smtp_pix_workaround_threshold_time,
    pixDelayMs: config.smtp_pix_workaround_delay_time,
    addressVerifyTarget: probeTarget(config),
    sendXforward: config.smtp_send_xforward_command,
    replyLineLimit: config.line_length_limit,
    contentLineLimit: config.smtp_line_length_limit,
    disableMimeOutputConversion: config.disable_mime_output_conversion,
    mimeLimits: {
      headerSizeLimit: config.header_size_limit,
      mimeBoundaryLengthLimit: config.mime_boundary_length_limit,
      mimeNestingLimit: config.mime_nesting_limit,
    },
    quoteEnvelope: config.smtp_quote_rfc821_envelope,
    finalDelivery: isFinal || (isLmtp && config.lmtp_assume_final),
    prependedHeaders,
    softBounce: config.soft_bounce,
    helpfulWarnings: config.helpful_warnings,
    isDebugPeer: config.debug_peer_list.length === 0 ? () => false : debugPeers(user, tables),
    notifyClasses: new Set(config.notify_classes.filter(isSessionClass)),
    ...smtpTableOptions(user, tables, ownAddresses),
    requireTls: requireTlsPolicy(user, tables),
    showTlsFeature: config.smtp_log_tls_feature_status,
    tls: smtpTlsOptions(user, tables, readFile),
    sasl: smtpSaslOptions(user, tables, ownAddresses),
  }
}

function timeLimits(config: Config) {
  return {
    connectTimeoutMs: config.smtp_connect_timeout,
    heloTimeoutMs: config.smtp_helo_timeout,
    xforwardTimeoutMs: config.smtp_xforward_timeout,
    mailTimeoutMs: config.smtp_mail_timeout,
    rcptTimeoutMs: config.smtp_rcpt_timeout,
    dataInitTimeoutMs: config.smtp_data_init_timeout,
    dataXferTimeoutMs: config.smtp_data_xfer_timeout,
    dataDoneTimeoutMs: config.smtp_data_done_timeout,
    rsetTimeoutMs: config.smtp_rset_timeout,
    quitTimeoutMs: config.smtp_quit_timeout,
    minDataRate: config.smtp_per_request_deadline ? config.smtp_min_data_rate : undefined,
    deliveryTimeLimitMs: Math.min(config.daemon_timeout, MAX_TIMER_MS),
  }
}

function reuseOptions(user: ListUser, tables: Tables) {
  const { config } = user
  const isListed = domainMatcher('smtp_connection_cache_destinations', user, tables)
  return {
    cacheDestination: (domain: string) => {
      try {
        const answer = isListed(domain)
        return answer instanceof Promise ? answer.catch(notListed) : answer
      } catch (error) {
        return notListed(error)
      }
    },
    cacheOnDemand: config.smtp_connection_cache_on_demand,
    cacheTimeLimitMs: config.smtp_connection_cache_time_limit,
    reuseTimeLimitMs: config.smtp_connection_reuse_time_limit,
    reuseCountLimit: config.smtp_connection_reuse_count_limit || oldReuseLimit(config),
  }
}

// Release 2.2 had another name (C-116). What is no number does not stop a start, as in Postfix.
function oldReuseLimit({ smtp_connection_cache_reuse_limit: text }: Config): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : 0
}

// A table that cannot answer was logged, and costs a new session: mail need not wait for it.
function notListed(error: unknown): false {
  if (!(error instanceof AddressResolverError)) throw error
  return false
}

// Sessions of a client have no errors of the other classes.
function isSessionClass(word: string): word is SessionErrorClass {
  return word === 'protocol' || word === 'data'
}

function probeTarget(config: Config): SmtpClientOptions['addressVerifyTarget'] {
  return config.smtp_address_verify_target.toLowerCase() === 'data' ? 'data' : 'rcpt'
}

function sendEhlo(config: Config): SmtpClientOptions['sendEhlo'] {
  if (config.smtp_never_send_ehlo) return 'never'
  return config.smtp_always_send_ehlo ? 'always' : 'when-announced'
}
