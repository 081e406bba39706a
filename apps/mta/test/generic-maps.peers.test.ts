import { submitMessage } from '@posthouse/qmqp-client'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { RecordingSink } from '../harness/recording-sink.ts'
import { type StartSmtpSystem, startPostfix, startPosthouse } from '../harness/smtp-systems.ts'

const installed = peersInstalled('postfix')
const asRoot = process.getuid?.() === 0
const MESSAGES = 200
const PATIENCE_MS = 180_000
const SEED = 20_261_129

const TABLE = [
  'local@sender.test = global@example.com',
  '@generic.test = @rewritten.example',
  'multi@x.test = one@y.test, two@y.test',
  'bare@x.test = bare',
  'bare = found@y.test',
  'quoted@x.test = "a b"@y.test',
  '"q r"@x.test = qr@y.test',
  'chain@x.test = local@sender.test',
  'named@x.test = Name <n@y.test>',
  'self@x.test = self@x.test',
  'utf@x.test = ü@y.test',
  'root = admin@y.test',
  'user+ext@x.test = whole@y.test',
  'group@x.test = g: m@y.test;',
]
const PARAMETERS = {
  mydestination: '',
  recipient_delimiter: '+',
  smtp_generic_maps: `inline:{${TABLE.map((entry) => `{${entry}}`).join(' ')}}`,
}

const word = fc.constantFrom(
  ...['local@sender.test', 'local+ext@sender.test', 'LOCAL@Sender.Test', 'x@generic.test'],
  ...['x+y@generic.test', 'multi@x.test', 'bare@x.test', 'bare@mail.example.com', '"q r"@x.test'],
  ...['quoted@x.test', 'chain@x.test', 'named@x.test', 'self@x.test', 'utf@x.test', 'o@x.test'],
  ...['root@mail.example.com', 'user+ext@x.test', 'user+other@x.test', 'group@x.test'],
  ...['someone.with.a.long.name@an.even.longer.domain.test', '"local"@sender.test'],
)
const name = fc.constantFrom('Ann', 'Foo  Bar', '"Quoted, Name"', '=?utf-8?q?J=C3=B6?=', 'Jö', '')
const item = fc.oneof(
  { weight: 4, arbitrary: word },
  { weight: 4, arbitrary: fc.tuple(name, word).map(([one, address]) => `${one} <${address}>`) },
  fc.tuple(word, fc.constantFrom('(c)', '(a (b) c)', '()')).map((pair) => pair.join(' ')),
  fc.tuple(word, word).map(([one, two]) => `group: ${one}, ${two};`),
  fc.constantFrom('<>', '', 'bare', 'root', '<@route:local@sender.test>', 'local @ sender.test'),
)
const separator = fc.constantFrom(', ', ',', ',\n ', ',\n\t', ' ,  ')
const value = fc.array(fc.tuple(item, separator), { minLength: 1, maxLength: 6 }).map((pairs) =>
  pairs
    .map((pair) => pair.join(''))
    .join('')
    .replace(/[\s,]+$/, ''),
)
const headerName = fc.constantFrom(
  ...['From', 'To', 'Cc', 'Reply-To', 'Sender', 'TO', 'Errors-To', 'Resent-To', 'Resent-From'],
  ...['Apparently-To', 'Mail-Followup-To', 'Disposition-Notification-To', 'Return-Receipt-To'],
  ...['X-To', 'Subject', 'Mail-Reply-To', 'Resent-Reply-To', 'Resent-Sender', 'In-Reply-To'],
)
const header = fc
  .tuple(headerName, fc.constantFrom(': ', ':', ':\t', ' : '), value)
  .map((parts) => `${parts.join('')}\n`)
const body = fc.constantFrom(
  'local@sender.test\n',
  'Jö\n',
  '--b\nFrom: local@sender.test\n\nÖ\n--b\nContent-Type: message/rfc822\n\nTo:  o@x.test\n\n--b--\n',
)
const message = fc.record({
  sender: fc.oneof(word, fc.constant('')),
  recipients: fc.uniqueArray(word, { minLength: 1, maxLength: 4 }),
  headers: fc.array(header, { maxLength: 5 }),
  body,
})

const MIME = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n'
const samples = fc.sample(message, { numRuns: MESSAGES, seed: SEED })
const messages = samples.map(({ sender, recipients, headers, body: text }, at) => ({
  sender: sender.replaceAll('"', ''), // QMQP has addresses in internal form.
  recipients: recipients.map((address) => address.replaceAll('"', '')),
  content: Buffer.from(`X-Number: ${at}\n${headers.join('')}${MIME}\n${text}`),
}))

/** What arrives, in the order of submission, and how often warnings are logged. */
async function outcome(
  start: StartSmtpSystem,
  parameters: Readonly<Record<string, string>>,
  keywords: readonly string[],
): Promise<{ readonly sent: readonly string[]; readonly warnings: readonly string[] }> {
  const sink = await RecordingSink.listen({ keywords })
  const relayhost = `[127.0.0.1]:${sink.port}`
  const { port, log, stop } = await start({ ...PARAMETERS, ...parameters, relayhost })
  try {
    for (const one of messages) {
      const verdict = await submitMessage({ host: '127.0.0.1', port }, one)
      expect(verdict.kind).toBe('accepted')
    }
    await expect.poll(() => sink.messages.length, { timeout: 60_000 }).toBe(MESSAGES)
    expect(sink.faults).toEqual([])
    const sent = sink.messages.map(({ mail, recipients, data }) => {
      const number = /^X-Number: (\d+)/m.exec(data.toString('latin1'))?.[1]?.padStart(3, '0')
      return masked(`${number}\n${mail}\n${recipients.join('\n')}\n${data.toString('latin1')}`)
    })
    const warnings = log().flatMap((line) => /smtp\[.*(warning: .*)/.exec(line)?.[1] ?? [])
    return { sent: sent.toSorted(), warnings: warnings.toSorted() }
  } finally {
    await stop()
    await sink.close()
  }
}

/** Without ids, dates, and what the length of an id does. */
function masked(text: string): string {
  return text
    .replaceAll(/\w{3}, +\d+ \w+ \d+ [\d:]+ [+-]\d+/g, 'DATE')
    .replaceAll(/(?<=with QMQP)\s+id \w+/g, ' id ID')
    .replaceAll(/\d{14}\.\w+/g, 'ID')
    .replaceAll(/(?<= SIZE=)\d+/g, 'N')
}

describe.runIf(installed && asRoot)('smtp_generic_maps side by side with Postfix', () => {
  it.each([
    ['by default', {}, ['8BITMIME', 'PIPELINING', 'SIZE', 'DSN']],
    [
      'with extensions propagated, remote headers, and content in 7 bits',
      { propagate_unmatched_extensions: 'generic', local_header_rewrite_clients: '' },
      ['PIPELINING'],
    ],
  ])(
    `C-172, C-173: ${MESSAGES} messages arrive the same %s`,
    async (_, parameters, keywords) => {
      const theirs = await outcome(startPostfix, parameters, keywords)
      const ours = await outcome(startPosthouse, parameters, keywords)
      expect(theirs.sent.join('')).toContain('global@example.com')
      for (const [at, text] of theirs.sent.entries()) expect(ours.sent[at]).toBe(text)
      expect(ours.warnings).toEqual(theirs.warnings)
    },
    PATIENCE_MS,
  )
})
