/** What cleanup(8) reads from main.cf; every value complete. Names of parameters are quoted. */
export interface CleanupOptions {
  /** `myhostname`: in `Received:` and in generated message ids. */
  readonly hostname: string
  /** `mail_name`: in `Received:`. */
  readonly mailName: string
  /** `line_length_limit`, bytes in a record. */
  readonly lineLengthLimit: number
  /** `header_size_limit`, bytes of one header with its continuation lines. */
  readonly headerSizeLimit: number
  /** `header_address_token_limit`: addresses behind so many tokens of a header are lost. */
  readonly headerAddressTokenLimit: number
  /** `message_size_limit`, bytes of the whole queue file; 0 or less means no limit. */
  readonly messageSizeLimit: number
  /** `hopcount_limit`: this many `Received:` headers, our own included, are too many. */
  readonly hopcountLimit: number
  /** `message_drop_headers`: names of primary headers to drop, any letter case. */
  readonly messageDropHeaders: readonly string[]
  /** `cleanup_replace_stray_cr_lf`: each CR becomes a blank. */
  readonly replaceStrayCr: boolean
  /** `always_add_missing_headers`: to headers of strangers, too (F-39). */
  readonly alwaysAddMissingHeaders: boolean
  /** `undisclosed_recipients_header`, a whole header, or empty. */
  readonly undisclosedRecipientsHeader: string
  /** `detect_8bit_encoding_header`. */
  readonly detect8bitEncodingHeader: boolean
  /** `tls_required_enable`: heed `TLS-Required: no`. */
  readonly tlsRequiredHeader: boolean
  /**
   * `requiretls_esmtp_header`: `Require-TLS-ESMTP: yes` asks for REQUIRETLS, and is added where
   * that was asked for in another way, so that it survives a content filter.
   */
  readonly requireTlsHeader: boolean
  /** `empty_address_recipient`: who gets mail for the empty address. */
  readonly emptyAddressRecipient: string
  /** `enable_original_recipient`: what makes two recipients the same. */
  readonly enableOriginalRecipient: boolean
  /** `duplicate_filter_limit`, recipients remembered; 0 means all. */
  readonly duplicateFilterLimit: number
  /** `always_bcc`: an address, or empty. */
  readonly alwaysBcc: string
  /** `content_filter`: `transport:nexthop`, or empty. */
  readonly contentFilter: string
  /** `delay_warning_time` in ms; 0 means never. */
  readonly delayWarningTimeMs: number
  /** `enable_long_queue_ids`: message ids need no date then. */
  readonly longQueueIds: boolean
  /** `verp_delimiter_filter`: the characters that VERP may use. */
  readonly verpDelimiterFilter: string
  /** `qmqpd_client_port_logging`: the port in `log_message_origin`. */
  readonly clientPortLogging: boolean
  /** `body_checks_size_limit`, bytes of each part that are checked; 0 or less means all. */
  readonly bodyChecksSizeLimit: number
  /** `disable_mime_input_processing`: all behind the header of the message is one body. */
  readonly disableMimeInputProcessing: boolean
  /** `mime_boundary_length_limit`, bytes of a boundary that are compared. */
  readonly mimeBoundaryLengthLimit: number
  /** `mime_nesting_limit`, multiparts in multiparts. */
  readonly mimeNestingLimit: number
  /** `strict_7bit_headers` or `strict_8bitmime`: refuse 8-bit headers. */
  readonly strict7bitHeaders: boolean
  /** `strict_8bitmime_body` or `strict_8bitmime`: refuse 8-bit text without a label. */
  readonly strict8bitmimeBody: boolean
  /** `strict_mime_encoding_domain`: refuse encoded multiparts and messages. */
  readonly strictMimeEncodingDomain: boolean
  /** `message_reject_characters`: byte values, C escapes undone. */
  readonly messageRejectCharacters: Uint8Array
  /** `message_strip_characters`: byte values, C escapes undone. */
  readonly messageStripCharacters: Uint8Array
  /** `non_empty_end_of_header_action`. */
  readonly nonEmptyEndOfHeaderAction: 'fix_quietly' | 'add_header' | 'reject'
  /** `info_log_address_format`: addresses in log lines. */
  readonly infoLogAddressFormat: 'external' | 'internal'
  /** `smtputf8_enable`. */
  readonly smtputf8: boolean
  /** `smtputf8_autodetect_classes` holds `qmqpd` or `all`. */
  readonly smtputf8Autodetect: boolean
}
