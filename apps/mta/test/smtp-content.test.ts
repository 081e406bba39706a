import { afterEach, describe, expect, it } from 'vitest'

import { Scene } from '../harness/scene.ts'
import { ScriptedServer, type ScriptStep } from '../harness/scripted-server.ts'

const closing: (() => unknown)[] = []
/** Of the last delivery. */
let logged: readonly string[] = []
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
  logged = scene.posthouse.log
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

  it('C-171: tables of the client change headers and lines of the body', async () => {
    const parameters = {
      smtp_header_checks: 'regexp:{{/^X-Drop:/ IGNORE} {/^X-Old:(.*)/ REPLACE X-New:$$1}}',
      smtp_body_checks: 'regexp:{{/^secret/ STRIP gone}}',
    }
    const lines = await sent(parameters, [], 0, 'X-Drop: 1\nX-Old: 2\n\nsecret\nrest\n')
    expect(lines).toContain('X-New: 2')
    expect(lines.filter((line) => /^X-(Old|Drop)/.test(line))).toEqual([])
    expect(lines.slice(-4)).toEqual(['', 'rest', '.', 'QUIT'])
    expect(logged).toContainEqual(expect.stringMatching(/smtp\[.*: strip: body secret: gone$/))
  })

  it('C-56, C-100: tables say which keywords to overlook, and what came of it', async () => {
    const parameters = {
      smtp_discard_ehlo_keyword_address_maps: 'inline:{127.0.0.1=dsn}',
      default_delivery_status_filter: 'regexp:{{/^2\\.0\\.0 250 (.*)/ 2.9.9 $$1}}',
    }
    const lines = await sent(parameters, ['DSN'], 0, 'Hi: x\n\n')
    expect(lines).toContain('RCPT TO:<a@example.com>')
    expect(logged).toContainEqual(
      expect.stringMatching(/dsn=2\.9\.9, status=sent \(2\.0\.0 queued\)$/),
    )
  })

  it('C-164: 8-bit text becomes quoted-printable for a server without 8BITMIME', async () => {
    const content = 'Content-Transfer-Encoding: 8bit\n\ncafé\n'
    const lines = await sent({}, [], 0, content)
    expect(lines).toContain('Content-Transfer-Encoding: quoted-printable')
    expect(lines).not.toContain('Content-Transfer-Encoding: 8bit')
    expect(lines).toContain('caf=C3=A9')
  })
})
