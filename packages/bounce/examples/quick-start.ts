import {
  builtInTemplates,
  composeNotifications,
  formatStatusLogEntry,
  parseStatusLog,
} from '@posthouse/bounce'

// A delivery agent notes in the bounce log what happened…
const text = formatStatusLogEntry(
  {
    recipient: 'user@example.net',
    status: '5.1.1',
    action: 'failed',
    diagnostic: { type: 'smtp', text: '550 5.1.1 no such user' },
    remoteMta: { type: 'dns', name: 'mx.example.net' },
    reason: 'host mx.example.net[192.0.2.1] said: 550 5.1.1 no such user',
  },
  { compatibilityLine: false, smtputf8: true },
)

// …and when the attempt is over, the sender is told.
const { entries } = parseStatusLog(Buffer.from(text), { kind: 'bounce', smtputf8: true })
const original = {
  ...{ queueId: '4bXyZ12rTz', sender: 'me@example.com', arrivalTimeMs: 1_767_225_600_000 },
  ...{ contentBytes: 40, sendOptions: 0, returnHeaders: false, traceFlags: 0 },
  ...{ envelopeId: '', messageId: '' },
  encoding: '7bit',
  content: () => [Buffer.from('Subject: lunch?\n\nAt one?\n')],
} as const
const myhostname = 'mail.example.com'
const { notifications } = composeNotifications(
  { kind: 'failure', entries, original, nowMs: 1_767_225_660_000 },
  {
    templates: builtInTemplates,
    templateValues: {
      parameter: (name) => (name === 'myhostname' ? myhostname : undefined),
      delayWarningTimeSeconds: 4 * 3600,
      maximalQueueLifetimeSeconds: 5 * 86_400,
      smtputf8: true,
    },
    ...{ myhostname, mailName: 'Posthouse', doubleBounceSender: 'double-bounce' },
    ...{ bounceNoticeRecipient: 'postmaster', delayNoticeRecipient: 'postmaster' },
    doubleBounceNoticeRecipient: 'postmaster',
    ...{ notifyClasses: new Set(), bounceSizeLimit: 50_000, threadedBounces: false },
    headerFromFormat: 'standard',
    ...{ redactRequireTls: true, verpDelimiterFilter: '-=+' },
    formatDate: (timeMs) => new Date(timeMs).toUTCString().replace('GMT', '+0000 (UTC)'),
  },
)
for (const { sender, recipient, text } of notifications) {
  console.log(`from <${sender}> to <${recipient}>`)
  let message = ''
  for await (const chunk of text()) message += Buffer.from(chunk).toString()
  console.log(/Reporting-MTA.*?(?=\n\n--)/s.exec(message)?.[0])
}
