/** Mail reception: qmqpd(8), and what cleanup(8) and smtpd(8) limit on input. */
export const receptionParameters = {
  content_filter: {
    type: 'string',
    default: '',
    description: 'transport:nexthop to which a message is sent in full after it has been queued.',
  },
  default_verp_delimiters: {
    type: 'string',
    default: '+=',
    min: 2,
    max: 2,
    since: '1.1',
    description: 'The two characters for variable return paths when the request names none.',
  },
  disable_verp_bounces: {
    type: 'boolean',
    default: 'no',
    since: '1.1',
    description:
      'Send one combined non-delivery notice for VERP mail instead of one per recipient.',
  },
  in_flow_delay: {
    type: 'time',
    default: '1s',
    max: 10,
    description:
      'Pause before a message is read while mail comes in faster than it goes out; 0: none.',
  },
  line_length_limit: {
    type: 'integer',
    unit: 'bytes',
    default: '2048',
    min: 512,
    description: 'Longest input line kept in one piece; pieces are joined again on output.',
  },
  message_size_limit: {
    type: 'size',
    default: '10240000',
    description: 'Most bytes per message including envelope; 0 means no limit.',
  },
  qmqpd_authorized_clients: {
    type: 'list',
    default: '',
    since: '1.1',
    description: 'Hosts and networks that may use the QMQP service; nobody by default.',
  },
  qmqpd_client_port_logging: {
    type: 'boolean',
    default: 'no',
    since: '2.5',
    description: 'Show the client port in log lines.',
  },
  qmqpd_error_delay: {
    type: 'time',
    default: '1s',
    since: '1.1',
    description: 'Pause before a negative reply.',
  },
  qmqpd_timeout: {
    type: 'time',
    default: '300s',
    min: 1,
    since: '1.1',
    description: 'Network I/O limit of the QMQP server.',
  },
  queue_minfree: {
    type: 'size',
    default: '0',
    description:
      'Free bytes in the queue file system at which clients have to come again; 0: none.',
  },
  receive_override_options: {
    type: 'list',
    default: '',
    words: [
      'no_unknown_recipient_checks',
      'no_address_mappings',
      'no_header_body_checks',
      'no_milters',
    ],
    since: '2.1',
    description: 'Input features that are switched off for one service.',
  },
  smtpd_authorized_verp_clients: {
    type: 'list',
    default: '$authorized_verp_clients',
    withoutEffect: 'smtpd',
    description: 'Clients that may request variable envelope return paths over SMTP.',
  },
  smtpd_relay_before_recipient_restrictions: {
    type: 'boolean',
    default: `\${{$compatibility_level} <level {3.6} ? {no} : {yes}}`,
    since: '3.6',
    withoutEffect: 'smtpd',
    description: 'Order of relay and recipient restrictions in the SMTP server, by level.',
  },
  smtpd_relay_restrictions: {
    type: 'list',
    default: `\${{$compatibility_level} <level {1} ? {} : {permit_mynetworks,
      permit_sasl_authenticated, defer_unauth_destination}}`,
    since: '2.10',
    withoutEffect: 'smtpd',
    description: 'Relay restrictions of the SMTP server; listed for its level-dependent default.',
  },
  smtpd_restriction_classes: {
    type: 'list',
    default: '',
    withoutEffect: 'smtpd',
    description: 'Names of user-defined parameters that hold access restriction lists.',
  },
  soft_bounce: {
    type: 'boolean',
    default: 'no',
    description: 'Turn every permanent failure into a temporary one, for testing.',
  },
  verp_delimiter_filter: {
    type: 'string',
    default: '-=+',
    min: 1,
    since: '1.1',
    description: 'Characters accepted as VERP delimiters.',
  },
} as const
