import { submitMessage } from '@posthouse/qmqp-client'
import { describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { RecordingSink } from '../harness/recording-sink.ts'
import { type StartSmtpSystem, startPostfix, startPosthouse } from '../harness/smtp-systems.ts'

const installed = peersInstalled('postfix')
const asRoot = process.getuid?.() === 0
const PATIENCE_MS = 60_000

/** What the server is sent, and what smtp(8) says, without what differs from run to run. */
async function outcome(
  start: StartSmtpSystem,
  filter: string,
  skipsQuitReply: string,
): Promise<object> {
  const sink = await RecordingSink.listen({ keywords: ['PIPELINING', '8BITMIME'] })
  const relayhost = `[127.0.0.1]:${sink.port}`
  const parameters = { smtp_reply_filter: filter, smtp_skip_quit_response: skipsQuitReply }
  const { port, log, stop } = await start({ ...parameters, relayhost })
  const said = (): string[] => log().filter((line) => line.includes('smtp['))
  try {
    const content = Buffer.from('Subject: x\n\nbody\n')
    // Nobody is told of mail without a sender.
    const message = { sender: '', recipients: ['a@example.com', 'b@example.com'], content }
    await submitMessage({ host: '127.0.0.1', port }, message)
    await expect.poll(() => said().filter((line) => line.includes(' status=')).length).toBe(2)
    const id = /: (\w+): to=</.exec(said().join('\n'))?.[1] ?? ''
    const mask = (text: string): string =>
      text
        .replace(/^.*smtp\[\d+\]: /, '')
        .replaceAll(id, 'QID')
        .replaceAll(/delays?=[\d./]+/g, 'D')
        .replaceAll(/\w{3}, +\d+ \w+ \d+ \d+:\d+:\d+|\d{14}(?=\.QID)|(?<=\]:)\d+/g, 'N')
    const sent = sink.sessions.map(({ chunks }) => String(Buffer.concat(chunks)).split('\r\n'))
    // Postfix says what became of recipients before it reads on.
    return { lines: said().map(mask).toSorted(), sent: sent.map((lines) => lines.map(mask)) }
  } finally {
    await stop()
    await sink.close()
  }
}

describe.runIf(installed && asRoot)('smtp_reply_filter side by side with Postfix', () => {
  it.each([
    ['takes a keyword away', 'regexp:{{/^250-PIPELINING/ 250-X-NOTHING}}'],
    ['brings a keyword', 'regexp:{{/^250-PIPELINING/ 250-PIPELINING} {/^250 8BIT/ 250 SIZE 10}}'],
    [
      'ends EHLO early, which puts all replies out of step',
      'regexp:{{/^250-PIPE/ 250 PIPELINING}}',
    ],
    ['refuses at the greeting', 'regexp:{{/^220 (.*)/ 450 4.3.2 $$1}}'],
    ['refuses a recipient', 'regexp:{{/^250 2\\.1\\.5 (.*)/ 550 5.1.1 $$1}}'],
    ['refuses the sender', 'regexp:{{/^250-PIPE/ 250-X} {/^250 2\\.1\\.0 (.*)/ 450 4.7.1 $$1}}'],
    ['refuses the message', 'regexp:{{/^250 2\\.0\\.0 ok/ 552 5.3.4 "too large"}}'],
    ['makes no sense of a reply', 'regexp:{{/^250-PIPE/ what}}'],
    ['cannot tell at the greeting', 'fail:x'],
    ['cannot tell what MAIL gets', 'pipemap:{regexp:{{/^250 2.1.0/ x}},fail:y}'],
    ['cannot tell what the message gets', 'pipemap:{regexp:{{/^250 2.0.0/ x}},fail:y}'],
    ['cannot tell what QUIT gets', 'pipemap:{regexp:{{/^221/ x}},fail:y}', 'no'],
  ])(
    'C-41: a filter that %s',
    async (_, filter, skipsQuitReply = 'yes') => {
      const theirs = await outcome(startPostfix, filter, skipsQuitReply)
      expect(await outcome(startPosthouse, filter, skipsQuitReply)).toEqual(theirs)
    },
    PATIENCE_MS,
  )
})
