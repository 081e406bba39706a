import type { ServicePorts } from '@posthouse/mx-lookup'

import type { ClientTable, SmtpContentChecks } from './content-checks.ts'
import type { SessionErrorClass } from './failure.ts'
import type { GenericMap } from './generic-mapping.ts'
import type { LmtpOptions } from './lmtp.ts'
import type { PrependedHeader } from './prepended-headers.ts'
import type { ReplyFilter } from './reply-filter.ts'
import type { SaslOptions } from './sasl/sasl-options.ts'
import type { RequireTlsPolicy } from './tls/require-tls.ts'
import type { TlsOptions } from './tls/tls-options.ts'
import type { ProbeTarget } from './transaction.ts'

/**
 * How to deliver. Names in backquotes are parameters of main.cf; all values are complete, since
 * defaults are the business of whoever reads the configuration. Time limits are of one wait for
 * the server, in ms; 0 is no limit.
 */
export interface SmtpClientOptions extends ServicePorts {
  /** `myhostname`, by which this host would recognise itself in a greeting (C-46, C-55). */
  readonly myhostname: string
  /** `smtp_helo_name`; of LMTP `lmtp_lhlo_name`, as all other names have twins. */
  readonly heloName: string
  /** How to speak LMTP; undefined: SMTP is spoken. */
  readonly lmtp: LmtpOptions | undefined
  /** Name of the transport: sessions are reused within one (C-118). */
  readonly serviceName: string
  /** `smtp_fallback_relay`: next hops that are tried after those of the request (C-6). */
  readonly fallbackRelay: readonly string[]
  /** `relayhost`, to tell its failures from those of recipients (C-8); empty for none. */
  readonly relayhost: string

  /** `smtp_bind_address`: source of IPv4 connections, numeric; undefined: the system's choice. */
  readonly bindAddress: string | undefined
  /** `smtp_bind_address6`: the same for IPv6. */
  readonly bindAddress6: string | undefined
  /** `smtp_bind_address_enforce`: never connect from another address (C-30). */
  readonly bindAddressEnforce: boolean

  /** `smtp_connect_timeout`. */
  readonly connectTimeoutMs: number
  /** `smtp_helo_timeout`: greeting, EHLO, HELO, LHLO. */
  readonly heloTimeoutMs: number
  /** `smtp_xforward_timeout`. */
  readonly xforwardTimeoutMs: number
  /** `smtp_mail_timeout`. */
  readonly mailTimeoutMs: number
  /** `smtp_rcpt_timeout`. */
  readonly rcptTimeoutMs: number
  /** `smtp_data_init_timeout`. */
  readonly dataInitTimeoutMs: number
  /** `smtp_data_xfer_timeout`. */
  readonly dataXferTimeoutMs: number
  /** `smtp_data_done_timeout`. */
  readonly dataDoneTimeoutMs: number
  /** `smtp_rset_timeout`. */
  readonly rsetTimeoutMs: number
  /** `smtp_quit_timeout`. */
  readonly quitTimeoutMs: number

  /**
   * `smtp_min_data_rate`, where `smtp_per_request_deadline` is set: time limits are for complete
   * replies and the content as a whole, and this many octets taken earn another second (C-37).
   */
  readonly minDataRate: number | undefined

  /**
   * `daemon_timeout`: how long a delivery may take as a whole, in ms, with all servers, lookups and
   * waits; at most 2^31-1. The session of that moment is given up as if its server had been silent
   * for too long, no other server is tried, and who is open then is put off. Connecting and
   * lookups end by their own limits.
   */
  readonly deliveryTimeLimitMs: number

  /** `smtp_mx_address_limit`: addresses tried per destination; 0 is no limit (C-27). */
  readonly mxAddressLimit: number
  /** `smtp_mx_session_limit`: sessions per destination; 0 is no limit (C-27). */
  readonly mxSessionLimit: number
  /** `smtp_skip_5xx_greeting` (C-45). */
  readonly skip5xxGreeting: boolean
  /** `smtp_skip_quit_response` (C-87). */
  readonly skipQuitResponse: boolean
  /** `smtp_always_send_ehlo`, `smtp_never_send_ehlo` (C-48). LMTP has no such choice. */
  readonly sendEhlo: 'always' | 'never' | 'when-announced'
  /** `smtp_discard_ehlo_keywords` (C-56). */
  readonly discardEhloKeywords: readonly string[]
  /** `smtp_discard_ehlo_keyword_address_maps`: such a list by address of the server, instead. */
  readonly discardEhloKeywordMaps: ClientTable | undefined

  /** `smtp_pix_workarounds`: for firewalls that hide the greeting (C-50). */
  readonly pixWorkarounds: readonly string[]
  /** `smtp_pix_workaround_maps`: such a list by address of the server, instead. */
  readonly pixWorkaroundMaps: ClientTable | undefined
  /** `smtp_pix_workaround_threshold_time`: age of messages, in ms, that get a pause. */
  readonly pixThresholdMs: number
  /** `smtp_pix_workaround_delay_time`: that pause before the last dot, in ms (C-51). */
  readonly pixDelayMs: number

  /** `smtp_address_verify_target`: whose reply decides about the recipients of probes (C-81). */
  readonly addressVerifyTarget: ProbeTarget

  /** `smtp_send_xforward_command`: servers that want to know are told who sent a message (C-76). */
  readonly sendXforward: boolean

  /** `line_length_limit`: octets kept of a server's line (C-39). */
  readonly replyLineLimit: number
  /** `smtp_reply_filter`; undefined: servers say what they say (C-41). */
  readonly replyFilter: ReplyFilter | undefined
  /** `smtp_line_length_limit`: octets, 2 or more; 0 breaks no line (C-162). */
  readonly contentLineLimit: number
  /** `disable_mime_output_conversion`: 8-bit content goes out as it is (C-164). */
  readonly disableMimeOutputConversion: boolean
  /** Tables about headers and body lines; undefined: nothing is looked up (C-171). */
  readonly contentChecks: SmtpContentChecks | undefined
  /** `smtp_generic_maps`; undefined: all addresses go out as they are (C-172). */
  readonly genericMap: GenericMap | undefined
  /** How much of a message's structure is followed where its content changes on the way. */
  readonly mimeLimits: {
    /** `header_size_limit`: the rest of a header is lost. */
    readonly headerSizeLimit: number
    /** `mime_boundary_length_limit`. */
    readonly mimeBoundaryLengthLimit: number
    /** `mime_nesting_limit`: a message that goes beyond is not sent (C-167). */
    readonly mimeNestingLimit: number
  }
  /** `smtp_quote_rfc821_envelope` (C-174). */
  readonly quoteEnvelope: boolean
  /** `smtp_delivery_status_filter`: `D.S.N text` for another one; undefined: none (C-100). */
  readonly deliveryStatusFilter: ClientTable | undefined
  /**
   * Servers put messages into mailboxes, so that reports of success say `delivered` and not
   * `relayed`: `lmtp_assume_final`, or the flag X of a service.
   */
  readonly finalDelivery: boolean
  /** Flags D, O and R of a service: what is put before messages (C-175). */
  readonly prependedHeaders: ReadonlySet<PrependedHeader>
  /** `soft_bounce`: after a 5xx reply the next server is tried, if there is one (C-91). */
  readonly softBounce: boolean
  /** `helpful_warnings` (C-5, C-42). */
  readonly helpfulWarnings: boolean
  /**
   * `debug_peer_list`: whether to log all that is said in sessions with a server, but for the
   * content and what would help to log in. Asked for its name, then for the destination as its
   * name. Must not throw or reject.
   */
  readonly isDebugPeer: (server: {
    readonly name: string
    readonly address: string
  }) => boolean | Promise<boolean>
  /** `notify_classes`: a report tells of sessions with such an error (C-110). Empty: of none. */
  readonly notifyClasses: ReadonlySet<SessionErrorClass>

  /**
   * Whether sessions with a domain are always kept for reuse: `smtp_connection_cache_destinations`
   * (C-112). Given the first destination without brackets and port. Deliveries to it wait for the
   * answer; one that cannot be had is a no. Must not throw or reject.
   */
  readonly cacheDestination: (domain: string) => boolean | Promise<boolean>
  /** `smtp_connection_cache_on_demand`: heed what the request says about reuse (C-112). */
  readonly cacheOnDemand: boolean
  /** `smtp_connection_cache_time_limit`, in ms (C-117). */
  readonly cacheTimeLimitMs: number
  /** `smtp_connection_reuse_time_limit`, in ms since the connection was made (C-114). */
  readonly reuseTimeLimitMs: number
  /** `smtp_connection_reuse_count_limit`: N allows N + 1 deliveries; 0 is no limit (C-114). */
  readonly reuseCountLimit: number

  /**
   * `smtp_requiretls_policy`: what becomes of mail that asks for REQUIRETLS (C-159). Undefined: as
   * if it had not asked, `requiretls_enable = no`.
   */
  readonly requireTls: RequireTlsPolicy | undefined
  /** `smtp_log_tls_feature_status`: outcomes say how the connection was protected (C-107). */
  readonly showTlsFeature: boolean
  /** How connections are protected; undefined: they are not, and STARTTLS is overlooked. */
  readonly tls: TlsOptions | undefined
  /** How to log in to servers; undefined: never (`smtp_sasl_auth_enable`). */
  readonly sasl: SaslOptions | undefined
}
