/** A second message, as somebody would like to have it sent. */
const SMUGGLED =
  'MAIL FROM:<smuggled@x.example>\r\nRCPT TO:<smuggled@x.example>\r\nDATA\r\n' +
  'Subject: smuggled\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n'

/** What some receiver somewhere takes, or took, for the end of the data or of a line. */
export const SEQUENCES = [
  ...['\r', '\n', '\0', '\r\n', '\n\r', '\0\n.\0\r\n'],
  ...['\n.\n', '\r\n.\r\n', '\n.\r\n', '\r.\r', '\r\n.\n', '\r.\r\n', '\n.\r', '\r.\n', '\r\n.\r'],
  ...['\n..\n', '\r\n..\r\n', '\n.\n.\n', '\r\r\n.\r\r\n', '\n\0.\0\n', '\n.\0\n'],
]

/** With all that would be added. */
export const HEADER = 'Message-Id: <1@x>\nDate: now\nFrom: f@x.example\nTo: t@x.example\n'

/** A message with a sequence at some place. */
export interface PlacedSequence {
  readonly name: string
  readonly content: string
  /** Where it is complete, and its header as it will be: the content as it is sent is known. */
  readonly isExact: boolean
}

/** Content of `size` bytes in lines of 71. */
function filling(size: number): string {
  return `${'f'.repeat(70)}\n`.repeat(Math.ceil(size / 71)).slice(-size)
}

/** Each sequence, with something behind it or not, at each place that matters. */
export function placedSequences(): PlacedSequence[] {
  return SEQUENCES.flatMap((sequence) => {
    const shown = JSON.stringify(sequence)
    const attack = sequence + SMUGGLED
    const body = (place: string, text: string): PlacedSequence => {
      return { name: `${shown} ${place}`, content: `${HEADER}\n${text}`, isExact: true }
    }
    const header = (place: string, content: string): PlacedSequence => {
      return { name: `${shown} ${place}`, content, isExact: false }
    }
    return [
      header('at the begin', attack),
      header('as all there is', sequence),
      header('in a header', `Subject: a${attack}`),
      header('in a header with addresses', `To: a${attack}`),
      header('in a folded header', `To: a,\n b${attack}`),
      header('in a name of a header', `Sub${attack}`),
      header('behind a mailbox line', `From x${attack}`),
      header('behind the header', HEADER + attack),
      body('at the begin of the body', attack),
      body('in the body', `text${attack}text\n`),
      body('behind a line', `text\n${attack}text\n`),
      body('at the end', `text${sequence}`),
      body('at the end, behind a line', `text\n${sequence}`),
      body('with a dot behind it, at the end', `text${sequence}.`),
      ...borders(sequence).map(([place, text]) => body(place, `${text}${attack}`)),
    ]
  })
}

/** Such that a border is at each place in the sequence. */
function borders(sequence: string): [place: string, before: string][] {
  const places = Array.from({ length: sequence.length + 1 }, (_, before) => before)
  return places.flatMap((before): [string, string][] => [
    [`at a record border, ${before}`, 'r'.repeat(2048 - before)],
    [`at the second record border, ${before}`, 'r'.repeat(4096 - before)],
    [`where lines are broken, ${before}`, 'l'.repeat(998 - before)],
    [`where lines are broken again, ${before}`, 'l'.repeat(998 + 997 - before)],
    [`at 64 KiB of content, ${before}`, filling(65_536 - HEADER.length - 1 - before)],
  ])
}

/** Bodies whose end of data, or what looks like it, comes at every place around 64 KiB sent. */
export function aroundWriteBorder(): PlacedSequence[] {
  return ['\n.\n', '\r\n.\r\n'].flatMap((sequence) =>
    Array.from({ length: 60 }, (_, at) => ({
      name: `${JSON.stringify(sequence)} at a border of what is written, ${at}`,
      content: `${HEADER}\n${filling(64_370 + at)}${sequence}${SMUGGLED}`,
      isExact: true,
    })),
  )
}

/**
 * What is sent behind our `Received:` (C-160 to C-162, Q-513), of a message whose header is
 * complete.
 */
export function sentForm(content: string, replaceStrayCr: boolean): string {
  const text = replaceStrayCr ? content.replaceAll('\r', ' ') : content
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
    .map((line) => (line.startsWith('.') ? `.${broken(line)}` : broken(line)))
    .map((line) => `${line}\r\n`)
    .join('')
}

/** A line of more than 998 octets goes on behind CR LF SPACE. */
function broken(line: string): string {
  if (line.length <= 998) return line
  const rest = line.slice(998).match(/.{1,997}/gs) ?? []
  return [line.slice(0, 998), ...rest.map((piece) => ` ${piece}`)].join('\r\n')
}

/** An address, and the path that it becomes in MAIL and in RCPT; undefined: it never gets there. */
export type Attack = readonly [address: string, mail: string | undefined, rcpt: string | undefined]

const both = (address: string, path: string): Attack => [address, path, path]

/** Addresses that try to be more than that. */
export const ATTACKS: readonly Attack[] = [
  both('a\rb@x.example', '"a b"@x.example'),
  both('a\nb@x.example', '"a b"@x.example'),
  both('a\r\nb@x.example', '"a  b"@x.example'),
  both('a\r\n.\r\n@x.example', '"a  .  "@x.example'),
  both('a>\r\nDATA@x.example', '"a>  DATA"@x.example'),
  both('a> SIZE=1@x.example', '"a> SIZE=1"@x.example'),
  ['a\r\nRCPT TO:<evil@x.example>', undefined, undefined],
  ['a@x.example\r\nRCPT TO:<evil@x.example>', undefined, undefined],
  both('a@x.example>\r\nRCPT TO:<evil@x.example', '"a@x.example>  RCPT TO:<evil"@x.example'),
  ['a@x.example\rDATA\r', 'a@x.example DATA', undefined],
  ['a@x.example\r\nDATA', 'a@x.example DATA', undefined],
  both('a@x\r\n.example', 'a@x.example'),
  both('a@x.example\r\n.\r\n', 'a@x.example'),
  ['a@x.example>', undefined, undefined],
  ['a@x.example> SIZE=1', undefined, undefined],
  ['a@x.example>"" RET=HDRS ENVID=evil', undefined, undefined],
  ['a@x.example>(c) RET=HDRS ENVID=evil', undefined, undefined],
  ['a@x.example<evil@x.example>', undefined, undefined],
  ['a@[x>"" RET=HDRS ENVID=evil', undefined, undefined],
  ['a@[127.0.0.1\r\nDATA]', 'a@[127.0.0.1  DATA]', undefined],
  ['<a@x.example>', undefined, undefined],
  both('<a@x.example', '"<a"@x.example'),
  both('<>', '"<>"@mail.example.com'),
  both('>', '">"@mail.example.com'),
  both('""', '"\\"\\""@mail.example.com'),
  both('"', '"\\""@mail.example.com'),
  both('"a@x.example', '"\\"a"@x.example'),
  both('a"> SIZE=1@x.example', '"a\\"> SIZE=1"@x.example'),
  both('\\', '"\\\\"@mail.example.com'),
  both('a\\"@x.example', '"a\\\\\\""@x.example'),
  both('a\\@x.example', '"a\\\\"@x.example'),
  both('a b@x.example', '"a b"@x.example'),
  both('a\x1b[2J@x.example', '"a\x1b[2J"@x.example'),
  both('.@x.example', '"."@x.example'),
  both('.', '"."@mail.example.com'),
  both('QUIT', 'QUIT@mail.example.com'),
  both('a\0\r\nDATA@x.example', 'a@mail.example.com'),
  ['\0\r\nDATA', '', 'MAILER-DAEMON@mail.example.com'],
  both('@r1,@r2:a@x.example', 'a@x.example'),
  both('@r1\r\nDATA:a@x.example', 'a@x.example'),
  both('@r1>:a@x.example', 'a@x.example'),
  ['a\xe9@x.example', 'a\xe9@x.example', undefined],
  both('a\xe2\x80\xa8b@x.example', 'a\xe2\x80\xa8b@x.example'),
  both('a\xc2\x85b@x.example', 'a\xc2\x85b@x.example'),
  both(`${'a'.repeat(2038)}@x.example`, `${'a'.repeat(2038)}@x.example`),
  both(`${'a\n'.repeat(1019)}@x.example`, `"${'a '.repeat(1019)}"@x.example`),
  both(`${'"'.repeat(2038)}@x.example`, `"${'\\"'.repeat(2038)}"@x.example`),
]
