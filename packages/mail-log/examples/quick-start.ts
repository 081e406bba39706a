import { formatDelivery, jsonLines, MailLog, streamSink } from '@posthouse/mail-log'

const output = streamSink((text) => console.log(text.trimEnd()))
const options = {
  syslogName: 'postfix',
  hostname: 'mx.example.com',
  processId: 123,
  onError: (error: unknown) => console.error(error),
}
const now = () => new Date(2026, 10, 20, 16, 28, 42).getTime()
const mailLog = new MailLog({ ...options, now, sink: output })
const utc = () => Date.UTC(2026, 10, 20, 16, 28, 42, 123)
const jsonLog = new MailLog({ ...options, now: utc, sink: jsonLines(output) })

const delivery = {
  queueId: '4F8A023020C',
  recipient: 'a@example.net',
  relay: 'mx.example.net[192.0.2.1]:25',
  times: { arrivalMs: 0, activeMs: 40, handoffMs: 50, setupDoneMs: 300, doneMs: 1840 },
  status: '2.0.0',
  action: 'sent' as const,
  text: '250 2.0.0 Ok',
}
mailLog.logger('smtp').info(formatDelivery(delivery), delivery)
mailLog.logger('qmqpd').warning('peer text cannot add a line:\nNov 20 16:28:42 mx forged')
await mailLog.close()

jsonLog.logger('qmgr').info('4F8A023020C: removed', { event: 'removed', queueId: '4F8A023020C' })
await jsonLog.close()
