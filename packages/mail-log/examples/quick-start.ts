import { formatDelivery, MailLog, streamSink } from '@posthouse/mail-log'

const mailLog = new MailLog({
  syslogName: 'postfix',
  hostname: 'mx.example.com',
  processId: 123,
  now: () => new Date(2026, 10, 20, 16, 28, 42).getTime(),
  sink: streamSink((text) => console.log(text.trimEnd())),
  onError: (error) => console.error(error),
})

const line = formatDelivery({
  queueId: '4F8A023020C',
  recipient: 'a@example.net',
  relay: 'mx.example.net[192.0.2.1]:25',
  times: { arrivalMs: 0, activeMs: 40, handoffMs: 50, setupDoneMs: 300, doneMs: 1840 },
  status: '2.0.0',
  action: 'sent',
  text: '250 2.0.0 Ok',
})
mailLog.logger('smtp').info(line)
mailLog.logger('qmqpd').warning('peer text cannot add a line:\nNov 20 16:28:42 mx forged')
mailLog.flush()
