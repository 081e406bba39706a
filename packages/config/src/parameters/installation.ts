/** Installation, accounts and instances: all programs. */
export const installationParameters = {
  command_directory: {
    type: 'string',
    default: '/usr/sbin',
    min: 1,
    description:
      'Where the administrative commands (postqueue, postsuper and so on) are installed.',
  },
  compatibility_level: {
    type: 'string',
    default: '0',
    since: '3.0',
    description: 'Selects a generation of defaults, which may compare it with the level operators.',
  },
  config_directory: {
    type: 'string',
    readOnly: true,
    description:
      'Directory of main.cf and master.cf; set from MAIL_CONFIG or -c, never by main.cf.',
  },
  daemon_directory: {
    type: 'string',
    default: '/usr/lib/postfix/sbin',
    min: 1,
    withoutEffect: 'layout',
    description: 'Where the daemon programs named in master.cf live.',
  },
  data_directory: {
    type: 'string',
    default: '/var/lib/postfix',
    min: 1,
    since: '2.5',
    withoutEffect: 'layout',
    description:
      'Directory owned by mail_owner for caches, random state and the second master lock file.',
  },
  default_privs: {
    type: 'string',
    default: 'nobody',
    min: 1,
    withoutEffect: 'accounts',
    description: 'Account for external commands and file deliveries; must differ from mail_owner.',
  },
  html_directory: {
    type: 'string',
    default: '/usr/share/doc/postfix/html',
    min: 1,
    withoutEffect: 'informational',
    description: 'Installed HTML documentation, informational.',
  },
  mail_owner: {
    type: 'string',
    default: 'postfix',
    description:
      'Account that owns the queue and that root becomes; empty, our addition: root stays root.',
  },
  mail_release_date: {
    type: 'string',
    default: '20240304',
    min: 1,
    withoutEffect: 'references',
    description: 'Release date of the software.',
  },
  mail_version: {
    type: 'string',
    default: '3.7.11',
    min: 1,
    withoutEffect: 'references',
    description: 'Version string of the software.',
  },
  meta_directory: {
    type: 'string',
    default: '/etc/postfix',
    min: 1,
    since: '3.0',
    withoutEffect: 'layout',
    description:
      'Directory with files shared by all instances, such as postfix-files and dynamicmaps.cf.',
  },
  multi_instance_directories: {
    type: 'list',
    default: '',
    since: '2.6',
    withoutEffect: 'instances',
    description: 'Configuration directories of additional instances.',
  },
  multi_instance_enable: {
    type: 'boolean',
    default: 'no',
    since: '2.6',
    withoutEffect: 'instances',
    description: 'Whether this instance takes part in start and stop of all instances.',
  },
  multi_instance_group: {
    type: 'string',
    default: '',
    since: '2.6',
    withoutEffect: 'instances',
    description: 'Group label of an instance.',
  },
  multi_instance_name: {
    type: 'string',
    default: '',
    since: '2.6',
    description: 'Name of an instance; prefixed to its log tag.',
  },
  multi_instance_wrapper: {
    type: 'string',
    default: '',
    since: '2.6',
    withoutEffect: 'instances',
    description: 'Program run instead of postfix-script when several instances are configured.',
  },
  process_id_directory: {
    type: 'string',
    default: 'pid',
    min: 1,
    withoutEffect: 'layout',
    description: 'Directory below the queue directory with PID and lock files.',
  },
  queue_directory: {
    type: 'string',
    default: '/var/spool/postfix',
    min: 1,
    description:
      'Top of the mail queue; working directory of all daemons and root of chrooted ones.',
  },
  readme_directory: {
    type: 'string',
    default: '/usr/share/doc/postfix',
    min: 1,
    withoutEffect: 'informational',
    description: 'Installed README documents, informational.',
  },
  setgid_group: {
    type: 'string',
    default: 'postdrop',
    min: 1,
    description: 'Group of the submission and queue commands; must not be shared.',
  },
  shlib_directory: {
    type: 'string',
    default: '/usr/lib/postfix',
    min: 1,
    since: '3.0',
    withoutEffect: 'layout',
    description: 'Directory with shared libraries and table plugins.',
  },
} as const
