/**
 * Per-transport parameters (G-32) by their suffix: `destination_concurrency_limit` is the row of
 * `smtp_destination_concurrency_limit` and of the same name for every other transport.
 */
export const transportTemplates = {
  delivery_slot_cost: {
    type: 'integer',
    default: '$default_delivery_slot_cost',
    description: 'Per-transport form of default_delivery_slot_cost.',
  },
  delivery_slot_discount: {
    type: 'integer',
    unit: 'percent',
    default: '$default_delivery_slot_discount',
    max: 100,
    description: 'Per-transport form of default_delivery_slot_discount.',
  },
  delivery_slot_loan: {
    type: 'integer',
    default: '$default_delivery_slot_loan',
    description: 'Per-transport form of default_delivery_slot_loan.',
  },
  destination_concurrency_failed_cohort_limit: {
    type: 'integer',
    default: '$default_destination_concurrency_failed_cohort_limit',
    since: '2.5',
    description: 'Per-transport form of default_destination_concurrency_failed_cohort_limit.',
  },
  destination_concurrency_limit: {
    type: 'integer',
    default: '$default_destination_concurrency_limit',
    description: 'Per-transport form of default_destination_concurrency_limit.',
  },
  destination_concurrency_negative_feedback: {
    type: 'string',
    default: '$default_destination_concurrency_negative_feedback',
    min: 1,
    since: '2.5',
    description: 'Per-transport form of default_destination_concurrency_negative_feedback.',
  },
  destination_concurrency_positive_feedback: {
    type: 'string',
    default: '$default_destination_concurrency_positive_feedback',
    min: 1,
    since: '2.5',
    description: 'Per-transport form of default_destination_concurrency_positive_feedback.',
  },
  destination_rate_delay: {
    type: 'time',
    default: '$default_destination_rate_delay',
    since: '2.5',
    description: 'Per-transport form of default_destination_rate_delay.',
  },
  destination_recipient_limit: {
    type: 'integer',
    default: '$default_destination_recipient_limit',
    description: 'Per-transport form of default_destination_recipient_limit.',
  },
  extra_recipient_limit: {
    type: 'integer',
    default: '$default_extra_recipient_limit',
    description: 'Per-transport form of default_extra_recipient_limit.',
  },
  initial_destination_concurrency: {
    type: 'integer',
    default: '$initial_destination_concurrency',
    min: 1,
    since: '2.5',
    description: 'Per-transport form of initial_destination_concurrency.',
  },
  minimum_delivery_slots: {
    type: 'integer',
    default: '$default_minimum_delivery_slots',
    description: 'Per-transport form of default_minimum_delivery_slots.',
  },
  recipient_limit: {
    type: 'integer',
    default: '$default_recipient_limit',
    description: 'Per-transport form of default_recipient_limit.',
  },
  recipient_refill_delay: {
    type: 'time',
    default: '$default_recipient_refill_delay',
    min: 1,
    since: '2.4',
    description: 'Per-transport form of default_recipient_refill_delay.',
  },
  recipient_refill_limit: {
    type: 'integer',
    default: '$default_recipient_refill_limit',
    min: 1,
    since: '2.4',
    description: 'Per-transport form of default_recipient_refill_limit.',
  },
  time_limit: {
    type: 'time',
    default: '$command_time_limit',
    min: 1,
    withoutEffect: 'local',
    description: 'Per-transport form of command_time_limit, for pipe and spawn services.',
  },
  transport_rate_delay: {
    type: 'time',
    default: '$default_transport_rate_delay',
    since: '3.1',
    description: 'Per-transport form of default_transport_rate_delay.',
  },
} as const
