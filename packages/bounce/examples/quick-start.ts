import {
  expandBounceTemplate,
  formatStatusLogEntry,
  parseBounceTemplates,
  parseStatusLog,
} from '@posthouse/bounce'

const text = formatStatusLogEntry(
  {
    recipient: 'user@example.net',
    offset: 754,
    status: '4.2.1',
    action: 'delayed',
    diagnostic: { type: 'smtp', text: '450 4.2.1 mailbox busy' },
    remoteMta: { type: 'dns', name: 'mx.example.net' },
    reason: 'host mx.example.net[192.0.2.1] said: 450 4.2.1 mailbox busy',
  },
  { compatibilityLine: false, smtputf8: true },
)
console.log(text.trim())

const { entries } = parseStatusLog(Buffer.from(text), { kind: 'defer', smtputf8: true })
console.log(entries.map(({ recipient, status }) => `${recipient} ${status}`))

const file =
  'delay_template = <<EOF\n\nWaiting for $delay_warning_time_hours h at $myhostname\nEOF\n'
const { templates } = parseBounceTemplates(Buffer.from(file), '/etc/postfix/bounce.cf')
const { lines } = expandBounceTemplate(templates.delay, {
  parameter: (name) => (name === 'myhostname' ? 'mx.example.net' : undefined),
  delayWarningTimeSeconds: 4 * 3600,
  maximalQueueLifetimeSeconds: 5 * 86_400,
  smtputf8: true,
})
console.log(lines)
