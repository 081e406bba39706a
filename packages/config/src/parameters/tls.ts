/** TLS in general: smtp(8) and tlsmgr(8). */
export const tlsParameters = {
  requiretls_enable: {
    type: 'boolean',
    default: 'yes',
    since: '3.11',
    description: 'Heed what senders ask for by REQUIRETLS.',
  },
  requiretls_esmtp_header: {
    type: 'boolean',
    default: 'yes',
    since: '3.11',
    description:
      'A header of the message asks for REQUIRETLS, and is added if something else does.',
  },
  requiretls_redact_dsn: {
    type: 'boolean',
    default: 'yes',
    since: '3.11',
    description:
      'Strip content from notices about REQUIRETLS mail and drop the requirement for them.',
  },
  smtp_log_tls_feature_status: {
    type: 'boolean',
    // The field keeps pflogsumm 1.1.5 from seeing deliveries (G-167).
    default: `\${{$compatibility_level} <level {3.11} ? {no} : {yes}}`,
    since: '3.11',
    description: 'Add a tls= summary to delivery log lines.',
  },
  tls_append_default_CA: {
    type: 'boolean',
    default: 'no',
    since: '2.4.15',
    description: 'Trust the authorities of the system, too.',
  },
  tls_config_file: {
    type: 'string',
    default: 'default',
    since: '3.9',
    withoutEffect: 'tls',
    description: 'OpenSSL configuration file to load.',
  },
  tls_config_name: {
    type: 'string',
    default: '',
    since: '3.9',
    withoutEffect: 'tls',
    description: 'Application section in the OpenSSL configuration.',
  },
  tls_daemon_random_bytes: {
    type: 'integer',
    unit: 'bytes',
    default: '32',
    min: 1,
    since: '2.2',
    withoutEffect: 'tls',
    description:
      'Random bytes that a client or server process asks from tlsmgr to seed its generator.',
  },
  tls_dane_digests: {
    type: 'list',
    default: 'sha512 sha256',
    min: 1,
    since: '2.11',
    description: 'Digest algorithms for TLSA records, strongest first.',
  },
  tls_disable_workarounds: {
    type: 'list',
    default: '',
    since: '2.8',
    description: 'OpenSSL bug workarounds to switch off.',
  },
  tls_eecdh_auto_curves: {
    type: 'list',
    default: 'X25519 X448 prime256v1 secp521r1 secp384r1',
    since: '3.2',
    description: 'Curves offered for key exchange.',
  },
  tls_fast_shutdown_enable: {
    type: 'boolean',
    default: 'yes',
    since: '3.5',
    withoutEffect: 'tls',
    description: 'Close TLS sessions without waiting for the peer.',
  },
  tls_ffdhe_auto_groups: {
    type: 'list',
    default: '',
    since: '3.8',
    description: 'Finite-field groups offered for key exchange.',
  },
  tls_high_cipherlist: {
    type: 'string',
    default: 'aNULL:-aNULL:HIGH:@STRENGTH',
    min: 1,
    since: '2.3',
    description: 'Cipher expression of grade high.',
  },
  tls_medium_cipherlist: {
    type: 'string',
    default: 'aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH',
    min: 1,
    since: '2.3',
    description: 'Cipher expression of grade medium.',
  },
  tls_null_cipherlist: {
    type: 'string',
    default: 'eNULL:!aNULL',
    min: 1,
    since: '2.3',
    description: 'Cipher expression of grade null.',
  },
  tls_required_enable: {
    type: 'boolean',
    default: 'yes',
    since: '3.10',
    description: 'Honour the TLS-Required: no header.',
  },
  tls_ssl_options: {
    type: 'list',
    default: '',
    since: '2.11',
    description: 'OpenSSL options to switch on.',
  },
  tls_trace_rate_limit: {
    type: 'integer',
    default: '1',
    since: '3.12',
    withoutEffect: 'tlsTraces',
    description: 'TLS trace files per rate time unit.',
  },
  tls_wildcard_matches_multiple_labels: {
    type: 'boolean',
    default: 'yes',
    since: '2.11',
    withoutEffect: 'tls',
    description: 'Lets a wildcard certificate name match more than one label.',
  },
} as const
