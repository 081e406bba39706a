import type { QmqpSubmission } from '@posthouse/qmqp-client'

/** Every action of Q-543, each with good, odd and bad arguments. Keys are made of the names. */
export const ACTIONS: readonly (readonly [name: string, action: string])[] = [
  ['reject-bare', 'REJECT'],
  ['reject-text', 'reject go  away '],
  ['reject-4', 'REJECT 4.7.9 come back later'],
  ['reject-5', 'REJECT 5.1.99 never'],
  ['reject-2', 'REJECT 2.1.1 hmm'],
  ['reject-odd', 'REJECT 5.1 no code'],
  ['warn-bare', 'WARN'],
  ['warn-text', 'WARN look at this'],
  ['info', 'Info  two  blanks'],
  ['discard-bare', 'DISCARD'],
  ['discard-text', 'DISCARD gone'],
  ['hold-bare', 'HOLD'],
  ['hold-text', 'HOLD for a look'],
  ['redirect', 'REDIRECT boss@example.org'],
  ['redirect-odd', 'REDIRECT boss @example.org more'],
  ['redirect-bad', 'REDIRECT nobody'],
  ['redirect-bare', 'REDIRECT'],
  ['filter', 'FILTER scan:[127.0.0.1]:10025'],
  ['filter-short', 'FILTER scan:'],
  ['filter-bad', 'FILTER foo'],
  ['filter-bare', 'FILTER'],
  ['bcc', 'BCC spy@example.org'],
  ['bcc-bad', 'BCC nobody'],
  ['bcc-bare', 'BCC'],
  ['prepend', 'PREPEND X-New: value'],
  ['prepend-blank', 'PREPEND X-New : value'],
  ['prepend-bad', 'PREPEND not a header'],
  ['prepend-bare', 'PREPEND'],
  ['replace', 'REPLACE X-Other: value'],
  ['replace-to', 'REPLACE To: user, <other@example.org>'],
  ['replace-bad', 'REPLACE not a header'],
  ['replace-bare', 'REPLACE'],
  ['ignore', 'IGNORE'],
  ['ignore-text', 'IGNORE why'],
  ['strip-bare', 'STRIP'],
  ['strip-text', 'STRIP why'],
  ['pass', 'PASS let it through'],
  ['dunno', 'DUNNO'],
  ['ok', 'OK'],
  ['unknown', 'FOOBAR text'],
  ['number', '550 no'],
]

const HEAD = 'From: x@example.org\nTo: y@example.org\nDate: Thu, 01 Jan 2026 00:00:00 +0000\n'
const TYPE = 'Content-Type: multipart/mixed; boundary=bb\n'

/** Tables for `regexp:`, by parameter. Each has all actions, for keys that only it is asked. */
export function checkTables(): Record<string, string> {
  const rules = (key: string) =>
    ACTIONS.map(([name, action]) => `/^${key} ${name}$/ ${action}\n`).join('')
  return {
    header_checks: `${rules('X-Act:')}${HEADER_RULES}`,
    mime_header_checks: rules('Content-Description:'),
    nested_header_checks: `${rules('X-Act:')}/^Subject: inner/ INFO nested\n`,
    body_checks: `${rules('BODY')}${BODY_RULES}`,
  }
}

const HEADER_RULES = `\
/^Subject: (.*) here/ WARN saw $1
/^X-Long: / WARN long
/^X-Fold:.*end$/ INFO folded
/^X-8bit: \u00e9/ INFO eight
/^X-Nul: x$/ INFO cut
/^Received: from drop/ IGNORE
/^Received: from own/ STRIP
/^X-Twice: one/ HOLD first
/^X-Twice: two/ HOLD second
/^Message-Id: <drop/ IGNORE
/^Message-Id: <replace/ REPLACE Message-Id: <new@example.org>
/^Date: drop/ IGNORE
/^From: drop/ IGNORE
/^From: more/ PREPEND X-Was: here
/^To: drop/ REPLACE Cc: a@example.org
/^Bcc: / WARN blind
/^Return-Path: / REPLACE X-Path: kept
/^X-Late: / REPLACE Content-Transfer-Encoding: 8bit
/^X-To-Type: / REPLACE Content-Type: text/plain
/^X-8bit-New: / PREPEND X-New: \u00fc
/^X-Resent: / REPLACE Resent-From: a@example.org
/^X-Hops: / PREPEND Received: from nowhere
`

const BODY_RULES = `\
/^--bb/ INFO boundary
/^preamble|^epilogue/ INFO outside
/^zz/ WARN zz
/tail$/ WARN tail
/\u00e9/ INFO eight
/^. *quoted/ REPLACE > quoted
/^two lines$/ PREPEND a line
`

/** A name for the test's output, and the message. */
export type CheckMessage = readonly [name: string, message: QmqpSubmission]

/** Messages that meet each action in each kind of header and in the body. */
export function actionMessages(): CheckMessage[] {
  return ACTIONS.flatMap(([name]) => [
    of(`header ${name}`, `${HEAD}X-Act: ${name}\nSubject: after\n\nbody\n`),
    of(`MIME header ${name}`, `${HEAD}Content-Description: ${name}\nSubject: after\n\nbody\n`),
    of(`header of a part, ${name}`, part(`Content-Description: ${name}\n\ntext\n`)),
    of(`nested header ${name}`, nested(`X-Act: ${name}\nX-Next: 1\n\ntext\n`)),
    of(`body ${name}`, `${HEAD}\nfirst\nBODY ${name}\nlast\n`),
  ])
}

/** One action after the other, envelopes, odd headers, MIME structures, long lines. */
export function otherMessages(): CheckMessage[] {
  return [...orders(), ...envelopes(), ...headers(), ...structures(), ...lines()]
}

function orders(): CheckMessage[] {
  const pairs = [
    ...['hold-text discard-text', 'discard-text hold-text', 'discard-text reject-text'],
    ...['reject-text discard-text', 'reject-text hold-text', 'hold-text reject-text'],
    ...['redirect reject-text', 'redirect discard-text', 'hold-text redirect', 'redirect bcc'],
    ...['pass reject-text', 'pass hold-text', 'hold-text pass', 'bcc bcc', 'filter filter-short'],
    ...['hold-text hold-bare', 'bcc reject-4', 'filter redirect', 'warn-text reject-bare'],
  ]
  return pairs.flatMap((pair) => {
    const [one = '', two = ''] = pair.split(' ')
    return [
      of(`${one}, then ${two}`, `${HEAD}X-Act: ${one}\nX-Act: ${two}\n\nbody\n`),
      of(
        `${one}, then ${two} in the body`,
        `${HEAD}X-Act: ${one}\n\nBODY ${two}\nBODY warn-text\n`,
      ),
    ]
  })
}

function envelopes(): CheckMessage[] {
  const text = `${HEAD}X-Act: warn-text\n\nBODY reject-text\n`
  const held = `${HEAD}X-Act: hold-text\n\nbody\n`
  return [
    of('no recipient', text, 's@example.org', []),
    of('hold without recipient', held, 's@example.org', []),
    of('null sender', text, '', ['r@example.net']),
    of('quoted addresses', text, 'john doe@example.org', ['a b@example.net']),
    of('bare addresses', text, 'john', ['mary']),
    of('three recipients', text, 's@example.org', ['a@x.test', 'b@x.test', 'c@x.test']),
    of('held, three recipients', held, 's@example.org', ['a@x.test', 'b@x.test', 'b@x.test']),
    of('8-bit addresses', text, 's\u00e9@example.org', ['r\u00e9@example.net']),
  ]
}

function headers(): CheckMessage[] {
  const headersOnly = [
    'Subject: over here\n',
    `X-Long: ${'w'.repeat(300)}\n`,
    `X-Long: ${'w'.repeat(3000)}\n`,
    `X-Long: ${'w'.repeat(60)}\n${`\t${'w'.repeat(70)}\n`.repeat(60)}`,
    'X-Fold: a\n\tb\n  end\n',
    'X-8bit: \u00e9\n',
    'X-8bit-New: 1\n',
    'X-Nul: x\0y\n',
    'X-Act : hold-text\n',
    'x-act: hold-text\n',
    'X-Act:  hold-text\n',
    'X-Act: warn-text\x01\x7f\n',
    'Received: from drop by a\nReceived: from keep by b\n',
    'Received: from own by a\n',
    'X-Hops: 1\n',
    'X-Twice: one\nX-Twice: two\n',
    'Message-Id: <drop@example.org>\n',
    'Message-Id: <replace@example.org>\n',
    'Date: drop\n',
    'Bcc: b@example.org\nReturn-Path: <p@example.org>\n',
    'X-Late: 1\n',
    'X-To-Type: 1\n',
    'X-Resent: 1\n',
    'Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=bb\n',
    'X-Act: hold-text\nno header here: hold-text\n',
  ]
  return [
    ...headersOnly.map((text) => of(JSON.stringify(text.slice(0, 60)), `${HEAD}${text}\nbody\n`)),
    of('From is dropped', 'From: drop@example.org\nTo: a@example.org\n\nbody\n'),
    of('From has more', 'From: more@example.org, user\nTo: a@example.org\n\nbody\n'),
    of('To becomes Cc', 'From: a@example.org\nTo: drop@example.org\n\nbody\n'),
    of('header alone', `${HEAD}X-Act: prepend\n`),
    of('header alone, held', 'X-Act: hold-text'),
    of('nothing', ''),
    of('no header', '\nBODY hold-text\n'),
    of('mailbox line', `From me\nFrom you\n${HEAD}\nbody\n`),
    of('blank first', ` BODY hold-text\n${HEAD}\nbody\n`),
    of('CRLF', `${HEAD}X-Act: hold-text\n\nbody\n`.replaceAll('\n', '\r\n')),
    of('ends without empty line', `${HEAD}BODY hold-text\nBODY warn-text\n`),
  ]
}

function structures(): CheckMessage[] {
  const inner = `${TYPE.replace('=bb', '=cc')}\n--cc\nX-Act: warn-text\n\nBODY warn-text\n--cc--\n`
  return [
    of('preamble and epilogue', `${HEAD}${TYPE}\npreamble\n--bb\n\ntext\n--bb--\nepilogue\n`),
    of('multipart in multipart', part(`${inner}after\n--bb\n\nlast\n`)),
    of(
      'message in part',
      part(`Content-Type: message/rfc822\n\n${HEAD}Subject: inner\n\nBODY ok\n`),
    ),
    of(
      'message in message',
      nested(`Content-Type: message/rfc822\n\nSubject: inner\n\nBODY info\n`),
    ),
    of('bad actions', part('X-Act: filter-bad\nX-Act: unknown\n\nx\n')),
    of('bad nested actions', nested('X-Act: bcc-bad\nX-Act: prepend-bare\n\nx\n')),
    of('multipart in message', nested(`Subject: inner\n${inner}`)),
    of('external body', part('Content-Type: message/external-body\n\nX-Act: info\n\nBODY info\n')),
    of('partial', nested('X-Act: info\n\nBODY info\n').replace('rfc822', 'partial')),
    of('encoded message', nested('Subject: inner\n\nx\n', 'Content-Transfer-Encoding: base64\n')),
    of('encoded multipart', part('\ntext\n', 'Content-Transfer-Encoding: quoted-printable\n')),
    of('8-bit part', part('Content-Transfer-Encoding: 8bit\n\n\u00e9\n')),
    of('8-bit without a label', part('\n\u00e9\n')),
    of('8-bit, labelled', `${HEAD}Content-Transfer-Encoding: 8bit\n\n\u00e9\n`),
    of('8-bit with the wrong label', `${HEAD}Content-Transfer-Encoding: base64\n\n\u00e9\n`),
    of('8-bit header of a part', part('X-8bit: \u00e9\n\ntext\n')),
    of('boundary that another begins with', part(`\nx\n--bbc\nX-Act: hold-text\n\ny\n`)),
    of('quoted boundary', part('\nx\n').replace('=bb', '="bb"')),
    of('deep', deep(5)),
    of('deeper than any limit', deep(105)),
    of('digest', part('\nSubject: inner\n\nBODY info\n').replace('mixed', 'digest')),
    of('part without end', `${HEAD}${TYPE}\n--bb\nX-Act: hold-text\n`),
    of('header of a part that is none', part('no header\nBODY info\n')),
    of('disallowed and stripped', `${HEAD}X-A: a\x01b\n\nc\x01d\n`),
    of('stripped', `${HEAD}X-A: a\x07b\n\nc\x07d\0e\n`),
    of('all of it stripped', `${HEAD}\n\x07\x07\n`),
  ]
}

function lines(): CheckMessage[] {
  return [
    of('line in pieces', `${HEAD}\nzz${'x'.repeat(3000)}tail\n`),
    of('line in equal pieces', `${HEAD}\n${'zz'.padEnd(2048, 'x').repeat(2)}\ntail\n`),
    of('far down', `${HEAD}\n${'0123456\n'.repeat(6400)}zz first\nzz second\n`),
    of('far down in a part', part(`\n${'0123456\n'.repeat(6400)}zz\n--bb\n\nzz again\n`)),
    of('a little down', `${HEAD}\nzz 1\n${'x'.repeat(30)}\nzz 2\nzz 3\n`),
    of('last line is not ended', `${HEAD}\nBODY hold-text`),
    of('8-bit line', `${HEAD}\n\u00e9t\u00e9\n`),
    of('lines that are more', `${HEAD}\ntwo lines\n  quoted\n.\n..\n`),
  ]
}

function part(text: string, fields = ''): string {
  return `${HEAD}MIME-Version: 1.0\n${TYPE}${fields}\n--bb\n${text}--bb--\n`
}

function nested(text: string, fields = ''): string {
  return `${HEAD}MIME-Version: 1.0\nContent-Type: message/rfc822\n${fields}\n${text}`
}

function deep(levels: number): string {
  const level = (at: number) => `Content-Type: multipart/mixed; boundary=b${at}\n\n--b${at}\n`
  return `${HEAD}${Array.from({ length: levels }, (_, at) => level(at)).join('')}\nbody\n`
}

function of(
  name: string,
  text: string,
  sender = 's@example.org',
  recipients: readonly string[] = ['r@example.net'],
): CheckMessage {
  return [name, { sender, recipients, content: Buffer.from(text) }]
}
