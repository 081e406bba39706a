/** Logging and debugging: all programs. */
export const loggingParameters = {
  debug_peer_level: {
    type: 'integer',
    default: '2',
    min: 1,
    description: 'How much the verbose level rises for peers matching debug_peer_list.',
  },
  debug_peer_list: {
    type: 'list',
    default: '',
    description:
      'Hosts, addresses, networks or next-hop names whose sessions are logged verbosely.',
  },
  debugger_command: {
    type: 'string',
    default: '',
    description: 'Shell command started when a daemon runs with -D.',
  },
  delay_logging_resolution_limit: {
    type: 'integer',
    default: '2',
    max: 6,
    since: '2.3',
    description: 'Most decimals shown in the delay and delays fields of delivery log lines.',
  },
  helpful_warnings: {
    type: 'boolean',
    default: 'yes',
    since: '2.0',
    description: 'Log hints about questionable settings such as a domain listed in two classes.',
  },
  info_log_address_format: {
    type: 'string',
    default: 'external',
    min: 1,
    since: '3.5',
    description: 'Log addresses quoted as in SMTP (external) or raw (internal).',
  },
  maillog_file: {
    type: 'string',
    default: '',
    since: '3.4',
    description: 'Log file written by postlogd, or /dev/stdout; empty means syslog.',
  },
  maillog_file_compressor: {
    type: 'string',
    default: 'gzip',
    min: 1,
    since: '3.4',
    description: 'Program that compresses a rotated log file.',
  },
  maillog_file_permissions: {
    type: 'string',
    default: '0600',
    min: 1,
    since: '3.9',
    description: 'Mode of a newly created log file: 600, 640 or 644.',
  },
  maillog_file_prefixes: {
    type: 'list',
    default: '/var, /dev/stdout',
    min: 1,
    since: '3.4',
    description: 'Directory prefixes that maillog_file must match.',
  },
  maillog_file_rotate_suffix: {
    type: 'string',
    default: '%Y%m%d-%H%M%S',
    min: 1,
    since: '3.4',
    description: 'strftime pattern appended to the name of a rotated log.',
  },
  postlogd_watchdog_timeout: {
    type: 'time',
    default: '10s',
    min: 10,
    since: '3.4',
    description: 'Watchdog of the logging daemon.',
  },
  respectful_logging: {
    type: 'boolean',
    default: `\${{$compatibility_level} <level {3.6} ? {no} : {yes}}`,
    since: '3.6',
    description: 'Use neutral words in log texts.',
  },
  syslog_facility: {
    type: 'string',
    default: 'mail',
    min: 1,
    description: 'Facility for log records.',
  },
  syslog_name: {
    type: 'string',
    default: `\${multi_instance_name?{$multi_instance_name}:{postfix}}`,
    min: 1,
    description: 'Prefix of the process name in log records.',
  },
} as const
