import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { composeSessionNotice, type SessionNoticeOptions } from './index.ts'

const file = new URL('../vectors/sessions/transcript-smtp-client.eml', import.meta.url)
const recorded = readFileSync(file, 'utf8')

const options: SessionNoticeOptions = {
  myhostname: 'mail.example.com',
  mailName: 'Postfix',
  doubleBounceSender: 'double-bounce',
  headerFromFormat: 'standard',
  errorNoticeRecipient: 'pm-error@example.com',
}
const request = {
  queueId: '4Xyz',
  sender: 's59@box.example',
  protocol: 'SMTP',
  relay: '127.0.0.1[127.0.0.1]:7425',
  transcript: ['In:  220 mx', 'Out: QUIT'],
} as const

function textOf(changed: object, changedOptions: object = {}): string {
  const notice = composeSessionNotice({ ...request, ...changed }, { ...options, ...changedOptions })
  return Buffer.from(notice?.text ?? []).toString()
}

function said(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(' '))
}

describe('composeSessionNotice', () => {
  it('F-81: header and transcript are those of Postfix', () => {
    const transcript = said(recorded).map((line) => line.slice(1))
    const text = textOf({ transcript })
    const header = recorded.slice(0, recorded.indexOf('\n\n')).split('\n')
    const own = header.filter((line) => /^(From|To|Subject):/.test(line))
    expect(text.split('\n\n')[0]?.split('\n')).toEqual(own)
    expect(said(text)).toEqual(said(recorded))
    expect(text).toContain('message 4Xyz ')
  })

  it('C-111: the other form of addresses, quoted addresses, other names', () => {
    const changed = { protocol: 'LMTP', relay: 'mx[192.0.2.1]:24' }
    const text = textOf(changed, {
      ...{ headerFromFormat: 'obsolete', mailName: 'Posthouse' },
      errorNoticeRecipient: 'post master@example.com',
    })
    expect(text.split('\n').slice(0, 4)).toEqual([
      'From: MAILER-DAEMON@mail.example.com (Mail Delivery System)',
      'To: "post master"@example.com (Postmaster)',
      'Subject: Posthouse LMTP client: errors from mx[192.0.2.1]:24',
      '',
    ])
  })

  it('C-111: long lines go on below, indented, at 78 columns', () => {
    const words = `501-${'word '.repeat(40)}`
    const long = 'x'.repeat(200)
    const transcript = [`In:  ${words}`, `In:  501-${long}`, 'In:  ', 'In:  501 é  ok']
    expect(said(textOf({ transcript }))).toEqual([
      ` In:  501-word${' word'.repeat(13)}`,
      `     word${' word'.repeat(14)}`,
      `     word${' word'.repeat(10)}`,
      ' In:',
      `     501-${long}`,
      ' In:',
      ' In:  501 é  ok',
    ])
  })

  it.each(['', 'Double-Bounce@mail.example.com'])(
    'C-110: nothing about mail from <%s>',
    (sender) => {
      expect(composeSessionNotice({ ...request, sender }, options)).toBeUndefined()
    },
  )

  it('C-111: it comes from the double bounce address', () => {
    const { sender, recipient } = composeSessionNotice(request, options) ?? {}
    expect({ sender, recipient }).toEqual({
      sender: 'double-bounce@mail.example.com',
      recipient: 'pm-error@example.com',
    })
  })
})
