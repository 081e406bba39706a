import { afterEach, describe, expect, it } from 'vitest'

import { Scene } from '../harness/scene.ts'
import { ScriptedServer, type ScriptStep } from '../harness/scripted-server.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** Delivers one message to a server that offers `keywords`. @returns what the server was sent. */
async function sent(
  parameters: Readonly<Record<string, string>>,
  keywords: readonly string[],
  extraReplies: number,
  content: string,
): Promise<readonly string[]> {
  const ok: readonly ScriptStep[] = [
    ['expect', ''],
    ['send', '250 2.0.0 ok'],
  ]
  const server = await ScriptedServer.listen([
    [
      ['send', '220 mx.test ESMTP'],
      ['expect', 'EHLO'],
      ['send', '250-mx.test', ...keywords.map((word) => `250-${word}`), '250 VRFY'],
      ...Array.from({ length: extraReplies + 2 }, () => ok).flat(),
      ['expect', 'DATA'],
      ['send', '354 go ahead'],
      ['expect-message'],
      ['send', '250 2.0.0 queued'],
      ['wait-close'],
    ],
  ])
  closing.push(() => server.close())
  const relayhost = `[127.0.0.1]:${server.port}`
  const scene = await Scene.open({ parameters: { ...parameters, relayhost } })
  closing.push(() => scene.close())
  await scene.submit(['a@example.com'], content)
  await scene.posthouse.logged(/status=sent/)
  return server.received[0] ?? []
}

describe('what is sent over SMTP', () => {
  it('C-76: a server that wants to know is told who sent the message', async () => {
    const parameters = { smtp_send_xforward_command: 'yes' }
    const lines = await sent(
      parameters,
      ['XFORWARD NAME ADDR PORT PROTO HELO SOURCE'],
      2,
      'Hi: x\n\n',
    )
    expect(lines.slice(1, 3)).toEqual([
      expect.stringMatching(/^XFORWARD NAME=localhost ADDR=127\.0\.0\.1 PORT=\d+$/),
      'XFORWARD PROTO=QMQP SOURCE=LOCAL',
    ])
    expect(lines[3]).toMatch(/^MAIL FROM:/)
  })

  it('C-164: 8-bit text becomes quoted-printable for a server without 8BITMIME', async () => {
    const content = 'Content-Transfer-Encoding: 8bit\n\ncafé\n'
    const lines = await sent({}, [], 0, content)
    expect(lines).toContain('Content-Transfer-Encoding: quoted-printable')
    expect(lines).not.toContain('Content-Transfer-Encoding: 8bit')
    expect(lines).toContain('caf=C3=A9')
  })
})
