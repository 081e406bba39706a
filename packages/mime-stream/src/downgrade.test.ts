import { simpleParser } from 'mailparser'
import { describe, expect, it } from 'vitest'

import { Downgrade } from './downgrade.ts'

const LIMITS = {
  headerSizeLimit: 102_400,
  lineLengthLimit: 2048,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
}

function downgraded(lines: readonly string[]): { output: string; errors: string[] } {
  const written: Uint8Array[] = []
  const downgrade = new Downgrade(LIMITS, ({ raw }) => written.push(raw))
  downgrade.push(Buffer.from(lines.join('\n')))
  downgrade.end()
  return { output: Buffer.concat(written).toString(), errors: [...downgrade.errors] }
}

const EIGHT_BIT = 'Content-Transfer-Encoding: 8bit'
const UTF8 = 'Content-Type: text/plain; charset=utf-8'
const accents = 'Le cœur déçu mais l’âme plutôt naïve, Louÿs rêva de crapaüter. '

describe('Downgrade', () => {
  it('C-165: a reader finds in it what was in the message', async () => {
    const message = [
      'From: a@example.org',
      'Subject: =?utf-8?q?caf=C3=A9?=',
      EIGHT_BIT,
      'Content-Type: multipart/mixed; boundary="outer part"',
      '',
      '--outer part',
      'Content-Type: multipart/alternative; boundary=inner',
      '',
      '--inner',
      UTF8,
      EIGHT_BIT,
      '',
      `${accents.repeat(5)}\ttrailing\t`,
      'a=b ',
      '--inner',
      'Content-Type: text/html; charset=utf-8',
      'Content-Transfer-Encoding: binary',
      '',
      `<p>${accents.repeat(50)}</p>`,
      '--inner--',
      '--outer part',
      'Content-Type: text/csv; charset=utf-8; name=a.csv',
      'Content-Disposition: attachment; filename=a.csv',
      EIGHT_BIT,
      '',
      `é;ü;=;\x01;\x7f\n\n;;${'ß'.repeat(100)}  `,
      '--outer part',
      'Content-Type: application/octet-stream',
      'Content-Disposition: attachment; filename=b',
      'Content-Transfer-Encoding: base64',
      '',
      'w6nDqcOp',
      '--outer part--',
      '',
    ]
    const { output, errors } = downgraded(message)
    expect(errors).toEqual([])
    expect(output).toMatch(/^[\n\t\x20-\x7e]*$/)
    const sent = await simpleParser(message.join('\n'))
    const received = await simpleParser(output)
    expect(received.text).toBe(sent.text)
    expect(received.text).toContain(accents.trimEnd())
    expect(received.html).toBe(sent.html)
    const contents = ({ attachments }: typeof sent) => attachments.map(({ content }) => content)
    expect(contents(received)).toEqual(contents(sent))
    expect(contents(received)).toHaveLength(2)
  })

  it('C-165: 8-bit text in a part that does not say so stays', () => {
    const message = ['Subject: é', UTF8, '', 'é', '']
    const { output, errors } = downgraded(message)
    expect(output).toBe(message.join('\n'))
    expect(errors).toEqual(['8bit-in-header', '8bit-in-7bit-body'])
  })

  it('C-171: header and body checks of the client see what is sent', () => {
    const seen: string[] = []
    const downgrade = new Downgrade(LIMITS, (event) => {
      if (event.kind === 'header') seen.push(`${event.checks} ${event.text}`)
      else if (event.kind !== 'end-of-headers') seen.push(`body ${event.raw}`)
    })
    const head = ['Content-Type: multipart/mixed; boundary=b', EIGHT_BIT, 'X : y', '']
    const text = ['--b', EIGHT_BIT, UTF8, '', 'é ']
    const global = ['--b', 'Content-Type: message/global', EIGHT_BIT, '', 'Subject: é', '', 'b']
    const nested = [
      '--b',
      'Content-Type: message/rfc822',
      EIGHT_BIT,
      '',
      'A: é',
      EIGHT_BIT,
      '',
      'é',
    ]
    downgrade.push(Buffer.from([...head, ...text, ...global, ...nested, '--b--', ''].join('\n')))
    downgrade.end()
    // Recorded from smtp(8) of Postfix 3.7.11, lines of a body joined here.
    expect(seen).toEqual([
      'mime_header_checks Content-Type: multipart/mixed; boundary=b',
      'header_checks X: y',
      'header_checks Content-Transfer-Encoding: 7bit',
      'body --b\n',
      `mime_header_checks ${UTF8}`,
      'mime_header_checks Content-Transfer-Encoding: quoted-printable',
      'body =C3=A9=20\n',
      'body --b\n',
      'mime_header_checks Content-Type: message/global',
      'mime_header_checks Content-Transfer-Encoding: quoted-printable',
      'body Subject: =C3=A9\n\nb\n',
      'body --b\n',
      'mime_header_checks Content-Type: message/rfc822',
      'mime_header_checks Content-Transfer-Encoding: 7bit',
      'nested_header_checks A: é',
      'nested_header_checks Content-Transfer-Encoding: quoted-printable',
      'body =C3=A9\n',
      'body --b--\n',
    ])
  })

  it('C-168: puts in the empty line that the headers of the message lack', () => {
    expect(downgraded(['A: b', 'text', '']).output).toBe('A: b\n\ntext\n')
  })

  it('ends with an LF a header that ends the message without one', () => {
    expect(downgraded(['A: b']).output).toBe('A: b\n')
    expect(downgraded(['A: b', '', 'text']).output).toBe('A: b\n\ntext')
  })
})
