import type { CleanupOptions, CleanupOverrides } from '@posthouse/cleanup'
import type { Config } from '@posthouse/config'

const QMQP_CLASSES = ['qmqpd', 'all']

/** cleanup(8), for mail that comes in over QMQP. */
export function cleanupOptions(config: Config): CleanupOptions {
  const classes = config.smtputf8_autodetect_classes.map((word) => word.toLowerCase())
  return {
    hostname: config.myhostname,
    mailName: config.mail_name,
    lineLengthLimit: config.line_length_limit,
    headerAddressTokenLimit: config.header_address_token_limit,
    headerSizeLimit: config.header_size_limit,
    messageSizeLimit: config.message_size_limit,
    hopcountLimit: config.hopcount_limit,
    messageDropHeaders: config.message_drop_headers,
    replaceStrayCr: config.cleanup_replace_stray_cr_lf,
    undisclosedRecipientsHeader: config.undisclosed_recipients_header,
    detect8bitEncodingHeader: config.detect_8bit_encoding_header,
    tlsRequiredHeader: config.tls_required_enable,
    emptyAddressRecipient: config.empty_address_recipient,
    enableOriginalRecipient: config.enable_original_recipient,
    duplicateFilterLimit: config.duplicate_filter_limit,
    alwaysBcc: config.always_bcc,
    contentFilter: config.content_filter,
    delayWarningTimeMs: config.delay_warning_time,
    longQueueIds: config.enable_long_queue_ids,
    verpDelimiterFilter: config.verp_delimiter_filter,
    clientPortLogging: config.qmqpd_client_port_logging,
    smtputf8: config.smtputf8_enable,
    smtputf8Autodetect: classes.some((word) => QMQP_CLASSES.includes(word)),
  }
}

/** What a server's own `receive_override_options` switch off. */
export function cleanupOverrides(config: Config): CleanupOverrides {
  const words = config.receive_override_options.map((word) => word.toLowerCase())
  return { noAddressMappings: words.includes('no_address_mappings') }
}
