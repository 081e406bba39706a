import { type Config, parseKnownTcpPorts } from '@posthouse/config'
import { DomainList } from '@posthouse/lookup-table'
import type { ServicePorts } from '@posthouse/mx-lookup'
import type { SmtpClientOptions } from '@posthouse/smtp-client'

import { servicePort } from '../system-services.ts'

/** How services of next hops become ports. */
export function servicePorts(config: Config): ServicePorts {
  return {
    defaultService: config.smtp_tcp_port,
    knownTcpPorts: parseKnownTcpPorts(config.settings.expanded('known_tcp_ports')).ports,
    servicePort,
  }
}

/** smtp(8). @param serviceName the service of master.cf, which is the name of the transport. */
export function smtpClientOptions(config: Config, serviceName: string): SmtpClientOptions {
  return {
    ...servicePorts(config),
    ...timeLimits(config),
    ...reuseOptions(config),
    serviceName,
    myhostname: config.myhostname,
    heloName: config.smtp_helo_name,
    fallbackRelay: config.smtp_fallback_relay,
    relayhost: config.settings.expanded('relayhost'),
    mxAddressLimit: config.smtp_mx_address_limit,
    mxSessionLimit: config.smtp_mx_session_limit,
    skip5xxGreeting: config.smtp_skip_5xx_greeting,
    skipQuitResponse: config.smtp_skip_quit_response,
    sendEhlo: sendEhlo(config),
    discardEhloKeywords: config.smtp_discard_ehlo_keywords,
    replyLineLimit: config.line_length_limit,
    contentLineLimit: config.smtp_line_length_limit,
    disableMimeOutputConversion: config.disable_mime_output_conversion,
    quoteEnvelope: config.smtp_quote_rfc821_envelope,
    softBounce: config.soft_bounce,
    helpfulWarnings: config.helpful_warnings,
  }
}

function timeLimits(config: Config) {
  return {
    connectTimeoutMs: config.smtp_connect_timeout,
    heloTimeoutMs: config.smtp_helo_timeout,
    mailTimeoutMs: config.smtp_mail_timeout,
    rcptTimeoutMs: config.smtp_rcpt_timeout,
    dataInitTimeoutMs: config.smtp_data_init_timeout,
    dataXferTimeoutMs: config.smtp_data_xfer_timeout,
    dataDoneTimeoutMs: config.smtp_data_done_timeout,
    rsetTimeoutMs: config.smtp_rset_timeout,
    quitTimeoutMs: config.smtp_quit_timeout,
  }
}

function reuseOptions(config: Config) {
  const name = 'smtp_connection_cache_destinations'
  const list = new DomainList(config.settings.expanded(name), { name, subdomains: 'none' })
  return {
    cacheDestination: (domain: string) => list.matches(domain) === true,
    cacheOnDemand: config.smtp_connection_cache_on_demand,
    cacheTimeLimitMs: config.smtp_connection_cache_time_limit,
    reuseTimeLimitMs: config.smtp_connection_reuse_time_limit,
    reuseCountLimit: config.smtp_connection_reuse_count_limit,
  }
}

function sendEhlo(config: Config): SmtpClientOptions['sendEhlo'] {
  if (config.smtp_never_send_ehlo) return 'never'
  return config.smtp_always_send_ehlo ? 'always' : 'when-announced'
}
