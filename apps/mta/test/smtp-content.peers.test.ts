import { submitMessage } from '@posthouse/qmqp-client'
import { describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { RecordingSink } from '../harness/recording-sink.ts'
import { type StartSmtpSystem, startPostfix, startPosthouse } from '../harness/smtp-systems.ts'

const installed = peersInstalled('postfix')
const asRoot = process.getuid?.() === 0
const PATIENCE_MS = 60_000

const HEADERS = [
  '{/^X-Odd:/ REJECT no thanks} {/^X-Bad:/ REPLACE nothing} {/^X-None:/ PREPEND}',
  '{/^X-H: / WARN} {/^X-New:(.*)/ REPLACE X-Newer:$$1} {/^X-Pre:/ PREPEND X-First: x}',
  '{/^X-Drop:/ IGNORE} {/^Content-/ INFO mime}',
].join(' ')
const PARAMETERS = {
  smtp_header_checks: `regexp:{${HEADERS}}`,
  smtp_mime_header_checks: `regexp:{${HEADERS}}`,
  smtp_nested_header_checks: 'regexp:{{/^Subject: inner/ INFO nested}}',
  smtp_body_checks:
    'regexp:{{/^--b/ INFO boundary} {/^drop/ IGNORE} {/^rep/ REPLACE new} {/=C3/ INFO quoted} ' +
    '{/^pre/ PREPEND before} {/^bad/ FILTER x:y} {/^prolog/ STRIP} {/^Subject/ INFO no header}}',
  smtp_delivery_status_filter: String.raw`regexp:{{/^2\.0\.0 (.*)/ 4.0.0 what}}`,
}

const MESSAGE = `\
X-Odd: 1
X-Bad: 2
X-None: 3
X-H : four
 five
X-New: 6
X-Pre: 7
X-Drop: 8
Content-Type: multipart/mixed; boundary=b
Content-Transfer-Encoding: 8bit

prolog
--b
Content-Transfer-Encoding: 8bit

café
drop
rep
pre
bad

--b
Content-Type: message/rfc822

Subject: inner

Subject of the body
--b--
`

/** What arrives, and what smtp(8) says, without what differs from run to run. */
async function outcome(start: StartSmtpSystem, keywords: readonly string[]): Promise<object> {
  const sink = await RecordingSink.listen({ keywords })
  const { port, log, stop } = await start({ ...PARAMETERS, relayhost: `[127.0.0.1]:${sink.port}` })
  try {
    const content = Buffer.from(MESSAGE)
    const message = { sender: 's@example.org', recipients: ['a@example.com'], content }
    await submitMessage({ host: '127.0.0.1', port }, message)
    await expect.poll(log, { timeout: 20_000 }).toContainEqual(expect.stringMatching(/ status=/))
    const lines = log().filter((line) => line.includes('smtp['))
    const id = /: (\w+): to=</.exec(lines.join('\n'))?.[1] ?? ''
    const mask = (text: string): string =>
      text
        .replace(/^.*smtp\[\d+\]: /, '')
        .replaceAll(id, 'QID')
        .replaceAll(/delays?=[\d./]+/g, 'D')
        .replaceAll(/\d+ \w+ \d+ \d+:\d+:\d+|\d{14}(?=\.QID)|(?<=\]:)\d+/g, 'N')
    return {
      lines: lines.map(mask),
      sent: sink.messages.map(({ mail, data }) => [mail, ...String(data).split('\r\n').map(mask)]),
    }
  } finally {
    await stop()
    await sink.close()
  }
}

describe.runIf(installed && asRoot)('tables of smtp(8) side by side with Postfix', () => {
  it.each([
    ['with 8BITMIME', ['8BITMIME', 'PIPELINING']],
    ['without 8BITMIME', ['PIPELINING']],
  ])(
    'C-100, C-171: a server %s is sent the same, and the log says the same',
    async (_, keywords) => {
      const theirs = await outcome(startPostfix, keywords)
      expect(theirs).toMatchObject({ sent: [expect.arrayContaining(['X-Newer: 6', 'before'])] })
      expect(await outcome(startPosthouse, keywords)).toEqual(theirs)
    },
    PATIENCE_MS,
  )
})
