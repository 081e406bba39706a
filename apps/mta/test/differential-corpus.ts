import { qmqpRequest } from '../harness/conversation.ts'

/** A request that a client may make. */
export interface ValidCase {
  readonly name: string
  readonly request: Buffer
}

const TEXT = 'Subject: hi\n\nbody\n'
const SENDER = 's@example.org'
const RECIPIENT = 'r@example.net'

/** Of all odd kinds, in internal form; strings of bytes, one a character. */
const ADDRESSES = [
  '',
  'user',
  'user@host',
  'user@host.',
  'user@host..',
  'user@',
  '@',
  '@example.org',
  '@.',
  'a@b@example.org',
  'user%example.org',
  'user%a%b',
  'example.org!user',
  'a!b!user',
  '!user',
  'user!',
  '%',
  '@relay.example:user@example.org',
  '@a,@b:user@example.org',
  '@a:user',
  'user@[192.0.2.1]',
  'user@[IPv6:2001:db8::1]',
  'user@[127.0.0.1]',
  'user@[',
  'user@192.0.2.1',
  'user name',
  'user name@example.org',
  '"user name"@example.org',
  '""@example.org',
  '"@example.org',
  ' user@example.org ',
  'user @ example.org',
  '<a@example.org>',
  'user(c)@example.org',
  'a,b@example.org',
  'a:b;@example.org',
  'user\\@example.org',
  '\\',
  '.a@example.org',
  'a..b@example.org',
  'a.@example.org',
  'a@.example.org',
  'a@example..org',
  'a@-example.org',
  'a@exa_mple.org',
  'a@example.org-@[]',
  'us\ner@example.org',
  'us\rer@example.org',
  'us\ter@example.org',
  'us\x01er@example.org',
  'us\x7fer@example.org',
  'us\0er@example.org',
  'us\xe9er@example.org',
  'us\xc3\xa9r@example.org',
  'user@ex\xc3\xa4mple.org',
  'user@ex\xe4mple.org',
  'MAILER-DAEMON',
  'mailer-daemon@mail.example.com',
  'MAILER-DAEMON@example.org',
  'postmaster',
  'Upper.CASE@Example.ORG',
  'a+b=c@example.org',
  "o'neil/x=y@example.org",
  '-dash@example.org',
  '#@[]',
  `${'l'.repeat(300)}@example.org`,
  `${'l'.repeat(2036)}@example.org`,
  `a@${'d'.repeat(64)}.example.org`,
  `a@${'label.'.repeat(50)}org`,
]

const VERP_SENDERS = [
  'list-@example.org-@[]',
  'list-return-@lists.example.org-@[]',
  'list=@example.org-@[]',
  'list+@example.org-@[]',
  'list--@example.org-@[]',
  'a-@b@c-@[]',
  'x-@y-@[]',
  'list-owner@example.org-@[]',
  '-@[]',
  'a-@[]',
  '@[]',
  'x@y-@[]',
  '-@y-@[]',
  'x-@-@[]',
  'list-return-@[]',
  'list-@example.org-@[] ',
  'l i s t-@example.org-@[]',
]
const VERP_RECIPIENTS = [
  'u@example.net',
  'u v@example.net',
  'bare',
  'a@b@example.net',
  'u@[192.0.2.1]',
]

const FULL = 'Message-Id: <1@x>\nDate: now\nFrom: f@example.org\nTo: t@example.net\n'
const MIME = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\nprolog\n--b\n\
Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\nBcc: part@x\n\n\
\xe9t\xe9\n--b\nContent-Type: message/rfc822\n\nReceived: x\nSubject: inner\nBcc: inner\n\n\
inner\n--b--\nepilog\n`
const received = (count: number) => 'Received: from a by b; now\n'.repeat(count)
const header = (text: string) => `${text}\n\nbody\n`

const CONTENTS: Record<string, string> = {
  empty: '',
  'one LF': '\n',
  'two LF': '\n\n',
  'no final LF': 'Subject: x\n\nbody',
  'header only': 'Subject: x\n',
  'header only, no LF': 'Subject: x',
  'header and empty line': 'Subject: x\n\n',
  'body only': '\nbody\n',
  'no header': 'just text\nand more\n',
  'text after header': 'Subject: x\njust text\n\nmore\n',
  'nothing missing': `${FULL}\nbody\n`,
  '8-bit body': `${FULL}\n\xe9\xff\x80\n`,
  '8-bit header': 'Subject: \xc3\xa9t\xc3\xa9\n\nbody\n',
  'Latin-1 header': 'Subject: \xe9t\xe9\n\nbody\n',
  '8-bit marked': `Content-Transfer-Encoding: 8BIT\n${FULL}\n\xe9\n`,
  'binary marked': `Content-Transfer-Encoding: binary\n\n\xe9\n`,
  '8-bit marked with a blank': `Content-Transfer-Encoding: 8bit \n\n\xe9\n`,
  'CRLF all over': 'Subject: x\r\nTo: a\r\n\r\nbody\r\n.\r\nmore\r\n',
  'bare CR': 'Subject: x\ry\n\nbo\rdy\r\n\r\n',
  'starts with CR LF': '\r\nbody\r\n',
  'NUL in header': 'Subject: a\0b\nX-N\0ul: c\n\nbody\0x\n',
  'NUL in an address header': 'To: a\0b@x\nCc: c\n\nbody\n',
  'NUL in body': 'Subject: x\n\n\0\0a\0\n\0\n',
  'control characters': header('Subject: \x01\x02\x1b[0m\x7f\nX-A:\x0b\x0c'),
  dots: 'Subject: x\n\n.\n..\n...\n.a\n.\n',
  'dot at the end': 'Subject: x\n\n.',
  'dots in the header': 'Subject: x\n.\nbody\n',
  'long lines': `Subject: x\n\n${longLines(997, 998, 999, 2047, 2048, 2049, 4096, 9000)}`,
  'long lines with dots': `Subject: x\n\n${'.'.repeat(998)}\n${'.'.repeat(3000)}\n`,
  'long line without LF': `Subject: x\n\n${'y'.repeat(5000)}`,
  'line of a record without LF': `Subject: x\n\n${'y'.repeat(2048)}`,
  'long header line': header(`Subject: ${'h'.repeat(3000)}`),
  'long folded header': header(`Subject: ${'h\n '.repeat(2000)}end`),
  'huge header': header(`X-Huge: ${`${'h'.repeat(900)}\n `.repeat(150)}end\nX-Next: yes`),
  'huge header line': header(`X-Huge: ${'h'.repeat(110_000)}\nX-Next: yes`),
  'a large body': `Subject: x\n\n${`${'0123456789'.repeat(7)}\n`.repeat(3000)}`,
  'mailbox line': `From someone Mon Jan 1\n${TEXT}`,
  'mailbox lines': `From a\n>From b\n>>From c\n${TEXT}`,
  'mailbox line only': 'From a\n',
  'long mailbox line': `From ${'m'.repeat(3000)}\n${TEXT}`,
  'mailbox line, then a blank': 'From a\n folded\n\nbody\n',
  'mailbox line later': 'Subject: x\nFrom a b\n\nFrom c\n',
  'starts with a blank': ' folded\nSubject: x\n\nbody\n',
  'starts with TAB': '\tfolded\n\nbody\n',
  'starts with a colon': ': x\n\nbody\n',
  'blanks before colons': header('Subject : x\nTo\t: a\nX-A  \t:b'),
  'odd names': header('A!#$%^&*: x\nB"(): y\nC~`{|}: z'),
  'no space after names': header('Subject:x\nTo:a\nDate:'),
  'empty values': header('Message-Id:\nDate:\nFrom:\nTo:'),
  'headers in other cases': header('SUBJECT: x\nmessage-ID: <a@b>\nDATE: now\nfrom: a\nBCC: gone'),
  'twice the same': header(
    'Subject: 1\nSubject: 2\nTo: a\nTo: b\nMessage-Id: <1@x>\nMessage-Id: <2@x>',
  ),
  'dropped headers': header('Bcc: a\nContent-Length: 5\nResent-Bcc: b\nReturn-Path: <c>\nX: y'),
  'a dropped folded header': header('Bcc: a,\n b,\n\tc\nX: y'),
  'Resent-': header('Resent-To: a\nSubject: x'),
  'Resent- with all': header('Resent-From: a\nResent-Date: x\nResent-Message-Id: <1@x>\nTo: b'),
  'Resent- by Resent-Bcc': header('Resent-Bcc: a\nTo: b'),
  'Resent-Foo is none': header('Resent-Foo: a\nTo: b'),
  'some Received': received(10) + TEXT,
  '48 Received': received(48) + TEXT,
  '49 Received': received(49) + TEXT,
  'Received in the body': `Subject: x\n\n${received(60)}`,
  MIME: `Subject: x\n${MIME}`,
  'MIME without end': `Subject: x\n${MIME.slice(0, 150)}`,
  'addresses to complete': header('To: a, b <c>, "d e" <f>, (g) h\nFrom: i (j)\nCc: k@l, m'),
  'groups and routes': header('To: friends: a, b@c;, <@r1,@r2:d@e>, x!y, u%v'),
  'broken addresses': header('To: Foo <a\nCc: "unterminated\nReply-To: @\nSender: a:b, a b, a,,b'),
  'long list of addresses': header(
    `To: ${Array.from({ length: 60 }, (_, i) => `user${i}`).join(', ')}`,
  ),
  'addresses with comments': header(`To: ${'(c) '.repeat(80)}a, x (${'y'.repeat(300)}) <b>`),
  'folded addresses': header('To: a,\n b,\n\tc@d,\n  e (f\n g)'),
  'addresses with 8 bits': header('To: \xc3\xa9 <a>, "\xe9" <b@c>, \xe9@d'),
  'addresses with odd local parts': header('To: a., .b@c, d@e@f, "g h"@i, j..k, l\\m@n, "o\\"p"@q'),
  'other address headers': header(
    'Errors-To: a\nReply-To: b\nSender: c\nDisposition-Notification-To: d\nMail-Followup-To: e\n\
Return-Receipt-To: f\nApparently-To: g\nDelivered-To: h\nX-To: i',
  ),
  'message ids': header('Message-Id: no brackets\nResent-Message-Id: <a@b>\nIn-Reply-To: <c>'),
  'TLS-Required': header('TLS-Required: no\nX: y'),
  'a QMQP request inside': `Subject: x\n\n56:18:Subject: hi\n\nbody\n,13:s@example.org,,\n`,
}

const RECIPIENT_LISTS: Record<string, readonly string[]> = {
  none: [],
  two: ['a@example.net', 'b@example.net'],
  'the same twice': ['a@example.net', 'a@example.net'],
  'the same in other cases': ['a@example.net', 'A@Example.NET', 'a@EXAMPLE.net'],
  'the same after completion': ['user', 'user@mail.example.com'],
  'the same by a dot': ['a@example.net', 'a@example.net.'],
  'empty twice': ['', ''],
  'good and bad': ['a@example.net', 'b@', 'c@example.net'],
  hundred: Array.from({ length: 100 }, (_, at) => `r${at}@example.net`),
  'a hundred domains': Array.from({ length: 100 }, (_, at) => `r@d${at}.example`),
  'three hundred and long': Array.from(
    { length: 300 },
    (_, at) => `${'l'.repeat(60)}${at}@example.net`,
  ),
  'as long as may be': [`${'r'.repeat(2036)}@example.net`],
  'too long': [`${'r'.repeat(2037)}@example.net`],
}

function longLines(...lengths: number[]): string {
  return lengths.map((length) => `${'x'.repeat(length)}\n`).join('')
}

const latin1 = (text: string) => Buffer.from(text, 'latin1')

/** All of them. */
export function validCases(): ValidCase[] {
  const cases: ValidCase[] = []
  const add = (name: string, text: string, sender: string, recipients: readonly string[]) => {
    const request = qmqpRequest(latin1(text), latin1(sender), recipients.map(latin1))
    cases.push({ name, request })
  }
  for (const address of ADDRESSES) {
    const shown = JSON.stringify(address).slice(0, 60)
    add(`sender ${shown}`, TEXT, address, [RECIPIENT])
    add(`recipient ${shown}`, TEXT, SENDER, [address])
  }
  for (const address of ADDRESSES.filter((_, at) => at % 4 === 0)) {
    add(`sender and two recipients ${address.slice(0, 60)}`, TEXT, address, [address, RECIPIENT])
  }
  for (const sender of VERP_SENDERS) add(`VERP ${sender}`, TEXT, sender, VERP_RECIPIENTS)
  for (const [name, text] of Object.entries(CONTENTS)) add(name, text, SENDER, [RECIPIENT])
  for (const [name, recipients] of Object.entries(RECIPIENT_LISTS)) {
    add(`recipients: ${name}`, TEXT, SENDER, recipients)
  }
  return cases
}
