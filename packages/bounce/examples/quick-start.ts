import { formatStatusLogEntry, parseStatusLog } from '@posthouse/bounce'

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
