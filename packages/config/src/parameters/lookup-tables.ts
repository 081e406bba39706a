/** Lookup tables: all programs. */
export const lookupTablesParameters = {
  berkeley_db_create_buffer_size: {
    type: 'integer',
    unit: 'bytes',
    default: '16777216',
    min: 1,
    since: '2.0',
    withoutEffect: 'berkeleyDb',
    description: 'Cache memory used while a hash or btree table file is being built.',
  },
  berkeley_db_read_buffer_size: {
    type: 'integer',
    unit: 'bytes',
    default: '131072',
    min: 1,
    since: '2.0',
    withoutEffect: 'berkeleyDb',
    description: 'Cache memory used per hash or btree table that is open for lookups.',
  },
  daemon_table_open_error_is_fatal: {
    type: 'boolean',
    default: 'no',
    since: '2.9',
    description: 'Ends a daemon that cannot open a table, instead of letting each search fail.',
  },
  default_cache_db_type: {
    type: 'string',
    default: 'btree',
    min: 1,
    since: '3.11',
    withoutEffect: 'berkeleyDb',
    description: 'Table type assumed for cache databases given without a type.',
  },
  default_database_type: {
    type: 'string',
    default: 'hash',
    min: 1,
    withoutEffect: 'berkeleyDb',
    description: 'Table type that commands assume when a table name has no type prefix.',
  },
  lmdb_map_size: {
    type: 'size',
    default: '16777216',
    min: 1,
    since: '2.11',
    withoutEffect: 'berkeleyDb',
    description: 'Initial size of an LMDB database.',
  },
  non_bdb_custom_mapping: {
    type: 'maps',
    default: '',
    since: '3.11',
    withoutEffect: 'berkeleyDb',
    description: 'Table with site overrides for the migration away from Berkeley DB.',
  },
  non_bdb_migration_level: {
    type: 'string',
    default: 'disable',
    min: 1,
    since: '3.11',
    withoutEffect: 'berkeleyDb',
    description:
      'How requests for hash and btree tables are redirected on systems without Berkeley DB.',
  },
  non_bdb_migration_log_redirect: {
    type: 'boolean',
    default: 'yes',
    since: '3.11',
    withoutEffect: 'berkeleyDb',
    description: 'Log each redirected table request.',
  },
  proxy_read_maps: {
    type: 'maps',
    default: `$local_recipient_maps $mydestination $virtual_alias_maps $virtual_alias_domains
      $virtual_mailbox_maps $virtual_mailbox_domains $relay_recipient_maps $relay_domains
      $canonical_maps $sender_canonical_maps $recipient_canonical_maps $relocated_maps
      $transport_maps $mynetworks $smtpd_sender_login_maps $sender_bcc_maps
      $recipient_bcc_maps $smtp_generic_maps $lmtp_generic_maps $alias_maps
      $smtpd_client_restrictions $smtpd_helo_restrictions $smtpd_sender_restrictions
      $smtpd_relay_restrictions $smtpd_recipient_restrictions
      $address_verify_sender_dependent_default_transport_maps
      $address_verify_sender_dependent_relayhost_maps $address_verify_transport_maps
      $fallback_transport_maps $lmtp_discard_lhlo_keyword_address_maps
      $lmtp_pix_workaround_maps $lmtp_sasl_password_maps $lmtp_tls_policy_maps
      $mailbox_command_maps $mailbox_transport_maps
      $postscreen_discard_ehlo_keyword_address_maps $rbl_reply_maps
      $sender_dependent_default_transport_maps $sender_dependent_relayhost_maps
      $smtp_discard_ehlo_keyword_address_maps $smtp_pix_workaround_maps
      $smtp_sasl_password_maps $smtp_tls_policy_maps $smtpd_discard_ehlo_keyword_address_maps
      $smtpd_milter_maps $virtual_gid_maps $virtual_uid_maps $local_login_sender_maps
      $postscreen_reject_footer_maps $smtpd_reject_footer_maps $tls_server_sni_maps
      $tlsproxy_client_policy_maps $default_delivery_status_filter
      $lmtp_delivery_status_filter $lmtp_dns_reply_filter $lmtp_reply_filter
      $local_delivery_status_filter $pipe_delivery_status_filter $postscreen_command_filter
      $smtp_delivery_status_filter $smtp_dns_reply_filter $smtp_reply_filter
      $smtpd_command_filter $smtpd_dns_reply_filter $virtual_delivery_status_filter
      $body_checks $header_checks $lmtp_body_checks $lmtp_header_checks
      $lmtp_mime_header_checks $lmtp_nested_header_checks $milter_header_checks
      $mime_header_checks $nested_header_checks $smtp_body_checks $smtp_header_checks
      $smtp_mime_header_checks $smtp_nested_header_checks`,
    since: '2.0',
    withoutEffect: 'oneProcess',
    description: 'Tables that proxymap(8) may open for reading.',
  },
  proxy_write_maps: {
    type: 'maps',
    default: `$smtp_sasl_auth_cache_name $lmtp_sasl_auth_cache_name $address_verify_map
      $postscreen_cache_map`,
    since: '2.5',
    withoutEffect: 'oneProcess',
    description: 'Tables that proxywrite may open for writing.',
  },
  socketmap_max_query_size: {
    type: 'integer',
    unit: 'bytes',
    default: '10000',
    min: 1,
    since: '3.12',
    withoutEffect: 'socketmap',
    description: 'Longest query sent to a socketmap server.',
  },
  socketmap_max_reply_size: {
    type: 'integer',
    unit: 'bytes',
    default: '100000',
    min: 1,
    since: '3.10',
    withoutEffect: 'socketmap',
    description: 'Longest socketmap reply accepted.',
  },
} as const
