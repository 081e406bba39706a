import type { BounceTemplate, BounceTemplateKind, BounceTemplates } from './bounce-template.ts'

const HOST = 'This report comes from the mail server $myhostname.'

const ASK = [
  'Questions about it are answered by the postmaster of that server. Please send',
  'the whole report along, but not necessarily the message that is attached.',
]

/**
 * The templates for whoever has no file (F-79). From and subjects are those of Postfix, because
 * mail filters look for them; the texts are our own.
 */
export const builtInTemplates: BounceTemplates = {
  failure: builtIn('failure', 'Undelivered Mail Returned to Sender', 'Undelivered Mail', [
    ...[HOST, ''],
    'It was not possible to deliver your message to at least one of its recipients,',
    'and no further attempts will be made. Your message, or its header, is attached.',
    '',
    'Each of these recipients is listed below with the reason, where possible in the words',
    'of the server that refused the message. Often an address is misspelt or no longer in',
    'use: please check it before you send the message again.',
    ...['', ...ASK],
  ]),
  delay: builtIn('delay', 'Delayed Mail (still being retried)', 'Delayed Mail', [
    ...[HOST, ''],
    '*** ONLY A WARNING: YOUR MESSAGE IS STILL BEING SENT. DO NOT SEND IT AGAIN. ***',
    '',
    'Your message has been waiting here for over $delay_warning_time_hours hour(s). Attempts to',
    'deliver it go on until it is $maximal_queue_lifetime_days day(s) old. Below you find who',
    'is still waiting for it, and what went wrong at the last attempt.',
    ...['', ...ASK],
  ]),
  success: builtIn('success', 'Successful Mail Delivery Report', undefined, [
    ...[HOST, ''],
    'Your message has been delivered to the destinations in the list below. Where that is a',
    'mailbox, this is the last report. Where another system took the message over, that one',
    'may still report that it could not deliver it.',
  ]),
  verify: builtIn('verify', 'Mail Delivery Status Report', undefined, [
    ...[HOST, ''],
    'You asked how mail would be delivered. The answer is below.',
  ]),
}

function builtIn(
  kind: BounceTemplateKind,
  subject: string,
  ofPostmaster: string | undefined,
  lines: readonly string[],
): BounceTemplate {
  const copy = kind === 'delay' ? 'Postmaster Warning' : 'Postmaster Copy'
  return {
    kind,
    origin: '[built-in]',
    charset: 'us-ascii',
    from: 'Mail Delivery System <MAILER-DAEMON>',
    subject,
    postmasterSubject: ofPostmaster === undefined ? undefined : `${copy}: ${ofPostmaster}`,
    lines,
  }
}
