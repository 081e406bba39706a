import type { CleanupOptions, CleanupOverrides } from '@posthouse/cleanup'
import { type Config, parseCharacters } from '@posthouse/config'

type MailClass = 'qmqpd' | 'sendmail' | InternalMailClass

/** Notifications about mail, and notices about sessions. */
export type InternalMailClass = 'bounce' | 'notify'

/**
 * cleanup(8), for mail of one server.
 *
 * @param config Of the cleanup service.
 * @param server Of the service that took the mail: what it cuts, writes and asks for itself.
 * @param mailClass Of `smtputf8_autodetect_classes`; undefined: of none.
 */
export function cleanupOptions(
  config: Config,
  server: Config,
  mailClass: MailClass | undefined,
): CleanupOptions {
  const charactersOf = (name: 'message_reject_characters' | 'message_strip_characters') =>
    parseCharacters(name, config[name])
  return {
    hostname: config.myhostname,
    mailName: server.mail_name,
    lineLengthLimit: server.line_length_limit,
    headerAddressTokenLimit: config.header_address_token_limit,
    headerSizeLimit: config.header_size_limit,
    messageSizeLimit: config.message_size_limit,
    hopcountLimit: config.hopcount_limit,
    messageDropHeaders: config.message_drop_headers,
    replaceStrayCr: config.cleanup_replace_stray_cr_lf,
    alwaysAddMissingHeaders: config.always_add_missing_headers,
    undisclosedRecipientsHeader: config.undisclosed_recipients_header,
    detect8bitEncodingHeader: config.detect_8bit_encoding_header,
    tlsRequiredHeader: config.tls_required_enable,
    requireTlsHeader: config.requiretls_enable && config.requiretls_esmtp_header,
    emptyAddressRecipient: config.empty_address_recipient,
    enableOriginalRecipient: config.enable_original_recipient,
    duplicateFilterLimit: config.duplicate_filter_limit,
    alwaysBcc: config.always_bcc,
    contentFilter: server.content_filter,
    delayWarningTimeMs: config.delay_warning_time,
    longQueueIds: config.enable_long_queue_ids,
    verpDelimiterFilter: config.verp_delimiter_filter,
    clientPortLogging: server.qmqpd_client_port_logging,
    bodyChecksSizeLimit: config.body_checks_size_limit,
    disableMimeInputProcessing: config.disable_mime_input_processing,
    mimeBoundaryLengthLimit: config.mime_boundary_length_limit,
    mimeNestingLimit: config.mime_nesting_limit,
    strict7bitHeaders: config.strict_7bit_headers || config.strict_8bitmime,
    strict8bitmimeBody: config.strict_8bitmime_body || config.strict_8bitmime,
    strictMimeEncodingDomain: config.strict_mime_encoding_domain,
    messageRejectCharacters: charactersOf('message_reject_characters'),
    messageStripCharacters: charactersOf('message_strip_characters'),
    nonEmptyEndOfHeaderAction: endOfHeaderAction(config.non_empty_end_of_header_action),
    infoLogAddressFormat: config.info_log_address_format === 'internal' ? 'internal' : 'external',
    smtputf8: config.smtputf8_enable,
    smtputf8Autodetect:
      mailClass !== undefined &&
      server.smtputf8_autodetect_classes.some((word) => word === mailClass || word === 'all'),
  }
}

/**
 * cleanup(8), for mail that the mail system makes: nobody gets a copy, no filter sees it, and none
 * is too large, as nobody could be told of that.
 */
export function internalCleanupOptions(
  config: Config,
  mailClass: InternalMailClass,
): CleanupOptions {
  const options = cleanupOptions(config, config, mailClass)
  return { ...options, alwaysBcc: '', contentFilter: '', messageSizeLimit: 0 }
}

function endOfHeaderAction(value: string): CleanupOptions['nonEmptyEndOfHeaderAction'] {
  return value === 'add_header' || value === 'reject' ? value : 'fix_quietly'
}

/** What a server's own `receive_override_options` switch off. */
export function cleanupOverrides(config: Config): CleanupOverrides {
  const words = config.receive_override_options
  return {
    noAddressMappings: words.includes('no_address_mappings'),
    noHeaderBodyChecks: words.includes('no_header_body_checks'),
  }
}
