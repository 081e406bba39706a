/** Queue and scheduling: qmgr(8) and oqmgr(8). */
export const queueManagerParameters = {
  address_verify_pending_request_limit: {
    type: 'integer',
    default: '5000',
    min: 1,
    since: '3.1',
    description:
      'Address probes that may be in the active queue, so that they cannot crowd out mail.',
  },
  bounce_queue_lifetime: {
    type: 'time',
    default: '5d',
    max: 8640000,
    since: '2.1',
    description: 'How long mail from the null sender may stay queued; 0 means a single attempt.',
  },
  default_delivery_slot_cost: {
    type: 'integer',
    default: '5',
    description:
      'Deliveries that earn one slot for a smaller job to cut in; 0 disables preemption.',
  },
  default_delivery_slot_discount: {
    type: 'integer',
    unit: 'percent',
    default: '50',
    max: 100,
    description: 'Percentage of the slots still needed that is waived, so preemption starts early.',
  },
  default_delivery_slot_loan: {
    type: 'integer',
    default: '3',
    description: 'Fixed number of slots granted in advance when deciding on preemption.',
  },
  default_destination_concurrency_failed_cohort_limit: {
    type: 'integer',
    default: '1',
    since: '2.5',
    description:
      'Number of failed pseudo-cohorts after which a destination is declared dead; 0 never.',
  },
  default_destination_concurrency_limit: {
    type: 'integer',
    default: '20',
    description: 'Most deliveries at a time to one destination over one transport; 0 is no limit.',
  },
  default_destination_concurrency_negative_feedback: {
    type: 'string',
    default: '1',
    min: 1,
    since: '2.5',
    description:
      'How much a failed session lowers the window: a fraction of 1, or that over the window.',
  },
  default_destination_concurrency_positive_feedback: {
    type: 'string',
    default: '1',
    min: 1,
    since: '2.5',
    description: 'How much a good session raises the window, written as the negative feedback.',
  },
  default_destination_rate_delay: {
    type: 'time',
    default: '0s',
    since: '2.5',
    description:
      'Pause between deliveries to one destination; not 0 forces one delivery at a time.',
  },
  default_destination_recipient_limit: {
    type: 'integer',
    default: '50',
    description: 'Recipients of a message per delivery; at 1, concurrency counts per recipient.',
  },
  default_extra_recipient_limit: {
    type: 'integer',
    default: '1000',
    description: 'Extra recipients in memory per transport, so that small messages can overtake.',
  },
  default_filter_nexthop: {
    type: 'string',
    default: '',
    since: '2.7',
    description: 'Next hop for a content filter that names none; if empty the recipient domain.',
  },
  default_minimum_delivery_slots: {
    type: 'integer',
    default: '3',
    description: 'Messages that can never earn as many slots as this are not preempted.',
  },
  default_recipient_limit: {
    type: 'integer',
    default: '20000',
    description: 'Recipients of all messages that may be in memory per transport.',
  },
  default_recipient_refill_delay: {
    type: 'time',
    default: '5s',
    min: 1,
    since: '2.4',
    description:
      'Most time between attempts to read more recipients of a large message into memory.',
  },
  default_recipient_refill_limit: {
    type: 'integer',
    default: '100',
    min: 1,
    since: '2.4',
    description: 'Free recipient slots that must be available before more recipients are read.',
  },
  default_transport_rate_delay: {
    type: 'time',
    default: '0s',
    since: '3.1',
    description:
      'Pause between any two deliveries over the same transport, whatever the destination.',
  },
  defer_transports: {
    type: 'list',
    default: '',
    description: 'Transports whose mail stays deferred until an explicit flush.',
  },
  destination_concurrency_feedback_debug: {
    type: 'boolean',
    default: 'no',
    since: '2.5',
    description: 'Log every adjustment of the concurrency window.',
  },
  enable_long_queue_ids: {
    type: 'boolean',
    default: 'no',
    since: '2.9',
    description: 'Use non-repeating queue file names that start with a time value.',
  },
  hash_queue_depth: {
    type: 'integer',
    default: '1',
    min: 1,
    description: 'Levels of one-character subdirectories under hashed queues.',
  },
  hash_queue_names: {
    type: 'list',
    default: 'deferred, defer',
    min: 1,
    description: 'Queues that are spread over subdirectories.',
  },
  initial_destination_concurrency: {
    type: 'integer',
    default: '5',
    min: 1,
    description:
      'Deliveries allowed in parallel to a destination about which nothing is known yet.',
  },
  maximal_backoff_time: {
    type: 'time',
    default: '4000s',
    min: 1,
    description: 'Longest pause between two attempts to deliver a message.',
  },
  maximal_queue_lifetime: {
    type: 'time',
    default: '5d',
    max: 8640000,
    description: 'Age at which an undeliverable message is returned; 0 means one attempt.',
  },
  minimal_backoff_time: {
    type: 'time',
    default: '300s',
    min: 1,
    description: 'Shortest pause before a deferred message, or a dead destination, is tried again.',
  },
  qmgr_clog_warn_time: {
    type: 'time',
    default: '300s',
    since: '2.0',
    description:
      'Least time between two warnings that a destination clogs the active queue; 0 is never.',
  },
  qmgr_daemon_timeout: {
    type: 'time',
    default: '1000s',
    min: 1,
    since: '2.8',
    withoutEffect: 'oneProcess',
    description: 'Watchdog of the queue manager, replacing daemon_timeout.',
  },
  qmgr_ipc_timeout: {
    type: 'time',
    default: '60s',
    min: 1,
    since: '2.8',
    withoutEffect: 'oneProcess',
    description: 'Limit for queue manager I/O on an internal channel, replacing ipc_timeout.',
  },
  qmgr_message_active_limit: {
    type: 'integer',
    default: '20000',
    min: 1,
    description: 'Most messages in the active queue.',
  },
  qmgr_message_recipient_limit: {
    type: 'integer',
    default: '20000',
    min: 1,
    description: 'Most recipients in memory; also bounds the list of dead destinations.',
  },
  qmgr_message_recipient_minimum: {
    type: 'integer',
    default: '10',
    min: 1,
    description: 'Recipients that every message may have in memory even when limits are exhausted.',
  },
  queue_run_delay: {
    type: 'time',
    default: '300s',
    min: 1,
    description: 'Time between scans of the deferred queue.',
  },
  transport_retry_time: {
    type: 'time',
    default: '60s',
    min: 1,
    description:
      'Pause before a failed transport is used again; for all transports, not a template.',
  },
} as const
