/**
 * Parameters of Postfix 3.7 that belong to services which Posthouse does not have, such as
 * smtpd(8), postscreen(8) or local(8). They are known, and have no effect.
 */
export const otherParameterNames: ReadonlySet<string> = new Set(
  `
    access_map_defer_code access_map_reject_code address_verify_poll_count
    address_verify_poll_delay allow_mail_to_commands allow_mail_to_files allow_untrusted_routing
    anvil_rate_time_unit anvil_status_update_time biff broken_sasl_auth_clients
    command_execution_directory command_expansion_filter default_rbl_reply defer_code
    disable_vrfy_command dnsblog_reply_delay dnsblog_service_name
    empty_address_local_login_sender_maps_lookup_key execution_directory_expansion_filter
    expand_owner_alias fallback_transport fallback_transport_maps forward_expansion_filter
    forward_path frozen_delivered_to home_mailbox invalid_hostname_reject_code
    local_command_shell local_delivery_status_filter local_recipient_maps luser_relay
    mail_spool_directory mailbox_command mailbox_command_maps mailbox_delivery_lock
    mailbox_size_limit mailbox_transport mailbox_transport_maps mailq_path manpage_directory
    maps_rbl_domains maps_rbl_reject_code multi_recipient_bounce_reject_code newaliases_path
    non_fqdn_reject_code openssl_path permit_mx_backup_networks pipe_delivery_status_filter
    plaintext_reject_code postmulti_control_commands postmulti_start_commands
    postmulti_stop_commands postscreen_access_list postscreen_allowlist_interfaces
    postscreen_bare_newline_action postscreen_bare_newline_enable postscreen_bare_newline_ttl
    postscreen_cache_cleanup_interval postscreen_cache_map postscreen_cache_retention_time
    postscreen_client_connection_count_limit postscreen_command_count_limit
    postscreen_command_filter postscreen_command_time_limit postscreen_denylist_action
    postscreen_disable_vrfy_command postscreen_discard_ehlo_keyword_address_maps
    postscreen_discard_ehlo_keywords postscreen_dnsbl_action
    postscreen_dnsbl_allowlist_threshold postscreen_dnsbl_max_ttl postscreen_dnsbl_min_ttl
    postscreen_dnsbl_reply_map postscreen_dnsbl_sites postscreen_dnsbl_threshold
    postscreen_dnsbl_timeout postscreen_enforce_tls postscreen_expansion_filter
    postscreen_forbidden_commands postscreen_greet_action postscreen_greet_banner
    postscreen_greet_ttl postscreen_greet_wait postscreen_helo_required
    postscreen_non_smtp_command_action postscreen_non_smtp_command_enable
    postscreen_non_smtp_command_ttl postscreen_pipelining_action postscreen_pipelining_enable
    postscreen_pipelining_ttl postscreen_post_queue_limit postscreen_pre_queue_limit
    postscreen_reject_footer postscreen_reject_footer_maps postscreen_tls_security_level
    postscreen_upstream_proxy_protocol postscreen_upstream_proxy_timeout postscreen_use_tls
    postscreen_watchdog_timeout prepend_delivered_header rbl_reply_maps reject_code
    reject_tempfail_action relay_clientcerts relay_domains_reject_code relay_recipient_maps
    require_home_directory reset_owner_alias sample_directory sendmail_path
    smtpd_authorized_xclient_hosts smtpd_authorized_xforward_hosts smtpd_banner
    smtpd_client_auth_rate_limit smtpd_client_connection_count_limit
    smtpd_client_connection_rate_limit smtpd_client_event_limit_exceptions
    smtpd_client_message_rate_limit smtpd_client_new_tls_session_rate_limit
    smtpd_client_port_logging smtpd_client_recipient_rate_limit smtpd_client_restrictions
    smtpd_command_filter smtpd_data_restrictions smtpd_delay_open_until_valid_rcpt
    smtpd_delay_reject smtpd_discard_ehlo_keyword_address_maps smtpd_discard_ehlo_keywords
    smtpd_dns_reply_filter smtpd_end_of_data_restrictions smtpd_enforce_tls
    smtpd_error_sleep_time smtpd_etrn_restrictions smtpd_expansion_filter
    smtpd_forbid_bare_newline smtpd_forbid_bare_newline_exclusions
    smtpd_forbid_bare_newline_reject_code smtpd_forbid_unauth_pipelining
    smtpd_forbidden_commands smtpd_hard_error_limit smtpd_helo_required smtpd_helo_restrictions
    smtpd_history_flush_threshold smtpd_junk_command_limit smtpd_log_access_permit_actions
    smtpd_milter_maps smtpd_milters smtpd_min_data_rate smtpd_noop_commands
    smtpd_null_access_lookup_key smtpd_peername_lookup smtpd_per_request_deadline
    smtpd_policy_service_default_action smtpd_policy_service_max_idle
    smtpd_policy_service_max_ttl smtpd_policy_service_policy_context
    smtpd_policy_service_request_limit smtpd_policy_service_retry_delay
    smtpd_policy_service_timeout smtpd_policy_service_try_limit smtpd_proxy_ehlo
    smtpd_proxy_filter smtpd_proxy_options smtpd_proxy_timeout smtpd_recipient_limit
    smtpd_recipient_overshoot_limit smtpd_recipient_restrictions smtpd_reject_footer
    smtpd_reject_footer_maps smtpd_reject_unlisted_recipient smtpd_reject_unlisted_sender
    smtpd_sasl_auth_enable smtpd_sasl_authenticated_header smtpd_sasl_exceptions_networks
    smtpd_sasl_local_domain smtpd_sasl_mechanism_filter smtpd_sasl_path
    smtpd_sasl_response_limit smtpd_sasl_security_options smtpd_sasl_service
    smtpd_sasl_tls_security_options smtpd_sasl_type smtpd_sender_login_maps
    smtpd_sender_restrictions smtpd_service_name smtpd_soft_error_limit smtpd_starttls_timeout
    smtpd_timeout smtpd_tls_CAfile smtpd_tls_CApath smtpd_tls_always_issue_session_ids
    smtpd_tls_ask_ccert smtpd_tls_auth_only smtpd_tls_ccert_verifydepth smtpd_tls_cert_file
    smtpd_tls_chain_files smtpd_tls_ciphers smtpd_tls_dcert_file smtpd_tls_dh1024_param_file
    smtpd_tls_dh512_param_file smtpd_tls_dkey_file smtpd_tls_eccert_file smtpd_tls_eckey_file
    smtpd_tls_eecdh_grade smtpd_tls_exclude_ciphers smtpd_tls_fingerprint_digest
    smtpd_tls_key_file smtpd_tls_loglevel smtpd_tls_mandatory_ciphers
    smtpd_tls_mandatory_exclude_ciphers smtpd_tls_mandatory_protocols smtpd_tls_protocols
    smtpd_tls_received_header smtpd_tls_req_ccert smtpd_tls_security_level
    smtpd_tls_session_cache_database smtpd_tls_session_cache_timeout smtpd_tls_wrappermode
    smtpd_upstream_proxy_protocol smtpd_upstream_proxy_timeout smtpd_use_tls stress
    strict_mailbox_ownership strict_rfc821_envelopes sun_mailtool_compatibility
    tls_eecdh_strong_curve tls_eecdh_ultra_curve
    tls_legacy_public_key_fingerprints tls_preempt_cipherlist tls_random_bytes
    tls_random_exchange_name tls_random_prng_update_period tls_random_reseed_period
    tls_random_source tls_server_sni_maps tls_session_ticket_cipher
    tlsproxy_client_CAfile tlsproxy_client_CApath tlsproxy_client_cert_file
    tlsproxy_client_chain_files tlsproxy_client_dcert_file tlsproxy_client_dkey_file
    tlsproxy_client_eccert_file tlsproxy_client_eckey_file tlsproxy_client_enforce_tls
    tlsproxy_client_fingerprint_digest tlsproxy_client_key_file tlsproxy_client_loglevel
    tlsproxy_client_loglevel_parameter tlsproxy_client_per_site tlsproxy_client_policy_maps
    tlsproxy_client_scert_verifydepth tlsproxy_client_security_level tlsproxy_client_use_tls
    tlsproxy_enforce_tls tlsproxy_tls_CAfile tlsproxy_tls_CApath
    tlsproxy_tls_always_issue_session_ids tlsproxy_tls_ask_ccert tlsproxy_tls_ccert_verifydepth
    tlsproxy_tls_cert_file tlsproxy_tls_chain_files tlsproxy_tls_ciphers tlsproxy_tls_dcert_file
    tlsproxy_tls_dh1024_param_file tlsproxy_tls_dh512_param_file tlsproxy_tls_dkey_file
    tlsproxy_tls_eccert_file tlsproxy_tls_eckey_file tlsproxy_tls_eecdh_grade
    tlsproxy_tls_exclude_ciphers tlsproxy_tls_fingerprint_digest tlsproxy_tls_key_file
    tlsproxy_tls_loglevel tlsproxy_tls_mandatory_ciphers tlsproxy_tls_mandatory_exclude_ciphers
    tlsproxy_tls_mandatory_protocols tlsproxy_tls_protocols tlsproxy_tls_req_ccert
    tlsproxy_tls_security_level tlsproxy_use_tls tlsproxy_watchdog_timeout
    unknown_address_reject_code unknown_address_tempfail_action unknown_client_reject_code
    unknown_helo_hostname_tempfail_action unknown_hostname_reject_code
    unknown_local_recipient_reject_code unknown_relay_recipient_reject_code
    unknown_virtual_alias_reject_code unknown_virtual_mailbox_reject_code
    unverified_recipient_defer_code unverified_recipient_reject_code
    unverified_recipient_reject_reason unverified_recipient_tempfail_action
    unverified_sender_defer_code unverified_sender_reject_code unverified_sender_reject_reason
    unverified_sender_tempfail_action virtual_delivery_status_filter virtual_gid_maps
    virtual_mailbox_base virtual_mailbox_limit virtual_mailbox_lock virtual_minimum_uid
    virtual_uid_maps
  `
    .trim()
    .split(/\s+/),
)

/**
 * Those of them whose value has macros of its own, which main.cf does not expand (G-21), in release
 * 3.7.11.
 */
export const rawParameterNames: ReadonlySet<string> = new Set([
  'command_execution_directory',
  'default_rbl_reply',
  'forward_path',
  'luser_relay',
  'mailbox_command',
  'postscreen_expansion_filter',
  'postscreen_reject_footer',
  'smtpd_expansion_filter',
  'smtpd_reject_footer',
])
