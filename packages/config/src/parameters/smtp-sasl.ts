/** Authentication to servers: smtp(8). */
export const smtpSaslParameters = {
  cyrus_sasl_config_path: {
    type: 'string',
    default: '',
    since: '2.5',
    withoutEffect: 'sasl',
    description: 'Search path for Cyrus SASL configuration files.',
  },
  send_cyrus_sasl_authzid: {
    type: 'boolean',
    default: 'no',
    since: '2.4.4',
    description: 'Send the authorization identity with SASL PLAIN.',
  },
  smtp_sasl_auth_cache_name: {
    type: 'string',
    default: '',
    since: '2.5',
    description:
      'Any name: login failures are remembered, in memory; the table is not used. Empty: none.',
  },
  smtp_sasl_auth_cache_time: {
    type: 'time',
    default: '90d',
    since: '2.5',
    description: 'How long a remembered login failure counts.',
  },
  smtp_sasl_auth_enable: {
    type: 'boolean',
    default: 'no',
    description: 'Log in to servers that offer AUTH.',
  },
  smtp_sasl_auth_soft_bounce: {
    type: 'boolean',
    default: 'yes',
    since: '2.5',
    description: 'Defer rather than bounce after a 535 login failure.',
  },
  smtp_sasl_mechanism_filter: {
    type: 'list',
    default: '',
    since: '2.2',
    description: 'Which offered mechanisms may be used.',
  },
  smtp_sasl_password_maps: {
    type: 'maps',
    default: '',
    description: 'Tables with user:password per server, domain or sender.',
  },
  smtp_sasl_password_result_delimiter: {
    type: 'string',
    default: ':',
    min: 1,
    max: 1,
    since: '3.9',
    description: 'Separator between user name and password in lookup results.',
  },
  smtp_sasl_path: {
    type: 'string',
    default: '',
    since: '2.3',
    withoutEffect: 'sasl',
    description: 'Plugin-specific argument of the SASL implementation.',
  },
  smtp_sasl_security_options: {
    type: 'list',
    default: 'noplaintext, noanonymous',
    description: 'Restrictions on mechanisms without TLS, such as noanonymous.',
  },
  smtp_sasl_tls_security_options: {
    type: 'list',
    default: '$smtp_sasl_security_options',
    since: '2.2',
    description: 'Restrictions on mechanisms under TLS.',
  },
  smtp_sasl_tls_verified_security_options: {
    type: 'list',
    default: '$smtp_sasl_tls_security_options',
    since: '2.6',
    description: 'Restrictions under TLS with a verified peer.',
  },
  smtp_sasl_type: {
    type: 'string',
    default: 'cyrus',
    min: 1,
    since: '2.3',
    withoutEffect: 'sasl',
    description: 'SASL implementation.',
  },
  smtp_send_dummy_mail_auth: {
    type: 'boolean',
    default: 'no',
    since: '2.9',
    description: 'Add AUTH=<> to MAIL FROM after login.',
  },
  smtp_sender_dependent_authentication: {
    type: 'boolean',
    default: 'no',
    since: '2.3',
    description:
      'Search credentials by sender first and do not share cached connections between senders.',
  },
} as const
