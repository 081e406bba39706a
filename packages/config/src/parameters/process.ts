/** Processes and communication between them: master(8) and all daemons. */
export const processParameters = {
  application_event_drain_time: {
    type: 'time',
    default: '100s',
    min: 1,
    since: '2.1',
    description:
      'How long postkick waits until the daemon has read a trigger from its input buffer.',
  },
  command_time_limit: {
    type: 'time',
    default: '1000s',
    min: 1,
    description: 'Default wall-clock limit for an external command run by a delivery agent.',
  },
  daemon_timeout: {
    type: 'time',
    default: '18000s',
    min: 1,
    description: 'Watchdog: a daemon that makes no progress for this long is killed.',
  },
  default_process_limit: {
    type: 'integer',
    default: '100',
    min: 1,
    description: 'Process limit for master.cf services whose maxproc field is a dash.',
  },
  export_environment: {
    type: 'list',
    default: 'TZ MAIL_CONFIG LANG',
    description: 'Environment variables handed to non-Postfix child processes.',
  },
  fault_injection_code: {
    type: 'integer',
    default: '0',
    description: 'Test aid: force one internal error.',
  },
  fork_attempts: {
    type: 'integer',
    default: '5',
    min: 1,
    description: 'How often a failing fork is tried.',
  },
  fork_delay: { type: 'time', default: '1s', min: 1, description: 'Pause between fork attempts.' },
  import_environment: {
    type: 'list',
    default: `MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE
      POSTLOG_HOSTNAME`,
    description: 'Environment variables that programs keep from their caller, or set (name=value).',
  },
  ipc_idle: {
    type: 'time',
    default: '5s',
    min: 1,
    description: 'A client closes an unused internal connection after this time.',
  },
  ipc_timeout: {
    type: 'time',
    default: '3600s',
    min: 1,
    description: 'Limit for one read or write on an internal channel.',
  },
  ipc_ttl: {
    type: 'time',
    default: '1000s',
    min: 1,
    since: '2.1',
    description: 'A client reopens an internal connection after this time even if busy.',
  },
  master_service_disable: {
    type: 'list',
    default: '',
    since: '2.6',
    description: 'Services, as type or name/type, that master ignores.',
  },
  max_idle: {
    type: 'time',
    default: '100s',
    min: 1,
    description: 'An idle daemon process exits after this time.',
  },
  max_use: {
    type: 'integer',
    default: '100',
    min: 1,
    description: 'A daemon process exits after serving this many clients.',
  },
  process_id: {
    type: 'string',
    readOnly: true,
    description: 'PID of the running program, read-only.',
  },
  process_name: {
    type: 'string',
    readOnly: true,
    description: 'Program name of the running process, read-only.',
  },
  service_name: {
    type: 'string',
    readOnly: true,
    since: '3.3',
    description: 'master.cf service name of the running process, read-only.',
  },
  service_throttle_time: {
    type: 'time',
    default: '60s',
    min: 1,
    description: 'Pause before master tries again to start a failing program.',
  },
  stale_lock_time: {
    type: 'time',
    default: '500s',
    min: 1,
    description: 'Age at which a lock file is considered abandoned.',
  },
} as const
