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
  const downgrade = new Downgrade(LIMITS, (bytes) => written.push(bytes))
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

  it('C-168: puts in the empty line that the headers of the message lack', () => {
    expect(downgraded(['A: b', 'text', '']).output).toBe('A: b\n\ntext\n')
  })

  it('ends with an LF a header that ends the message without one', () => {
    expect(downgraded(['A: b']).output).toBe('A: b\n')
    expect(downgraded(['A: b', '', 'text']).output).toBe('A: b\n\ntext')
  })
})
