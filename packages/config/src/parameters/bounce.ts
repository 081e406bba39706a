/** Delivery status notifications and notices: bounce(8). */
export const bounceParameters = {
  '2bounce_notice_recipient': {
    type: 'string',
    default: 'postmaster',
    min: 1,
    description: 'Who gets the notice when a bounce message cannot be delivered (class 2bounce).',
  },
  backwards_bounce_logfile_compatibility: {
    type: 'boolean',
    default: 'yes',
    since: '2.1',
    description: 'Also write the pre-2.3 human readable lines into bounce and defer log files.',
  },
  bounce_notice_recipient: {
    type: 'string',
    default: 'postmaster',
    min: 1,
    description: 'Who gets postmaster copies of non-delivery notices (class bounce).',
  },
  bounce_size_limit: {
    type: 'integer',
    unit: 'bytes',
    default: '50000',
    min: 1,
    description: 'Most bytes of the original message that a non-delivery notice includes.',
  },
  bounce_template_file: {
    type: 'string',
    default: '',
    since: '2.3',
    description: 'File with site-specific texts for bounce, delay and success notices.',
  },
  confirm_delay_cleared: {
    type: 'boolean',
    default: 'no',
    since: '3.0',
    description:
      'Send a follow-up notice once mail that caused a delay warning has been delivered.',
  },
  default_delivery_status_filter: {
    type: 'maps',
    default: '',
    since: '3.0',
    description: 'Tables that may rewrite a delivery status code and text before it takes effect.',
  },
  delay_notice_recipient: {
    type: 'string',
    default: 'postmaster',
    min: 1,
    description: 'Who gets postmaster copies of delay warnings (class delay).',
  },
  delay_warning_time: {
    type: 'time',
    default: '0h',
    description: 'Age after which the sender is told once that mail is still queued; 0 disables.',
  },
  deliver_lock_attempts: {
    type: 'integer',
    default: '20',
    min: 1,
    withoutEffect: 'oneProcess',
    description: 'How often to try for an exclusive lock on a mailbox or log file.',
  },
  deliver_lock_delay: {
    type: 'time',
    default: '1s',
    min: 1,
    withoutEffect: 'oneProcess',
    description: 'Pause between lock attempts.',
  },
  double_bounce_sender: {
    type: 'string',
    default: 'double-bounce',
    min: 1,
    description:
      'Local part of the sender of postmaster notices; mail to it is dropped, which ends loops.',
  },
  enable_threaded_bounces: {
    type: 'boolean',
    default: 'no',
    since: '3.6',
    description: 'Make notices reply to the Message-ID of the original mail.',
  },
  error_notice_recipient: {
    type: 'string',
    default: 'postmaster',
    min: 1,
    description:
      'Who gets postmaster reports about policy, resource, software and protocol problems.',
  },
  header_from_format: {
    type: 'string',
    default: 'standard',
    min: 1,
    since: '3.3',
    description:
      'Style of the From: header in notices: name then address, or address then comment.',
  },
  internal_mail_filter_classes: {
    type: 'list',
    default: '',
    words: ['bounce', 'notify'],
    since: '2.3',
    description:
      'Internally generated mail (bounce, notify) that is nevertheless content filtered.',
  },
  mail_name: {
    type: 'string',
    default: 'Postfix',
    min: 1,
    description: 'Product name shown in banners and Received: headers.',
  },
  notify_classes: {
    type: 'list',
    default: 'resource, software',
    words: ['bounce', '2bounce', 'data', 'delay', 'policy', 'protocol', 'resource', 'software'],
    description: 'Event classes that are reported to the postmaster by mail.',
  },
} as const
