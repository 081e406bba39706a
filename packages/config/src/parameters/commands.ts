/** Commands and the flush service: postqueue(1), postdrop(1), sendmail(1) and flush(8). */
export const commandsParameters = {
  alternate_config_directories: {
    type: 'list',
    default: '',
    description: 'Extra configuration directories that set-gid commands accept from users.',
  },
  authorized_flush_users: {
    type: 'list',
    default: 'static:anyone',
    since: '2.2',
    description: 'Local accounts that may ask for a queue flush with postqueue or sendmail -q.',
  },
  authorized_mailq_users: {
    type: 'list',
    default: 'static:anyone',
    since: '2.2',
    description: 'Local accounts that may list the queue.',
  },
  authorized_submit_users: {
    type: 'list',
    default: 'static:anyone',
    since: '2.2',
    description: 'Local accounts that may submit mail through the sendmail/postdrop commands.',
  },
  dont_remove: {
    type: 'integer',
    default: '0',
    withoutEffect: 'debugging',
    description: 'Debug aid: keep finished queue files in the saved directory.',
  },
  fast_flush_domains: {
    type: 'list',
    default: '$relay_domains',
    description: 'Destinations whose deferred mail may be flushed with `postqueue -s`.',
  },
  fast_flush_purge_time: {
    type: 'time',
    default: '7d',
    min: 1,
    withoutEffect: 'flush',
    description: 'Age after which an empty per-site flush log is removed.',
  },
  fast_flush_refresh_time: {
    type: 'time',
    default: '12h',
    min: 1,
    withoutEffect: 'flush',
    description: 'Age after which a per-site flush log is refreshed.',
  },
  full_name_encoding_charset: {
    type: 'string',
    default: 'utf-8',
    min: 1,
    since: '3.10',
    withoutEffect: 'encodedNames',
    description: 'Character set label used when a full name has to be encoded in a header.',
  },
  local_login_sender_maps: {
    type: 'maps',
    default: 'static:*',
    since: '3.6',
    description: 'Sender addresses that a local login may use with the submission commands.',
  },
  sendmail_fix_line_endings: {
    type: 'string',
    default: 'always',
    min: 1,
    since: '2.9',
    description: 'How the sendmail command treats CRLF line ends in its input.',
  },
  trigger_timeout: {
    type: 'time',
    default: '10s',
    min: 1,
    withoutEffect: 'oneProcess',
    description: 'Limit for sending a wakeup to a service.',
  },
} as const
