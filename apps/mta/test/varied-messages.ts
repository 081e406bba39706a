import { HEADER, sentForm } from './smuggling-cases.ts'

/** One octet a character, lines end with LF. */
export interface VariedMessage {
  readonly name: string
  readonly content: string
  readonly recipients: number
}

const ALL_OCTETS = Array.from({ length: 255 }, (_, at) => String.fromCharCode(at + 1))
  .filter((octet) => octet !== '\n' && octet !== '\r')
  .join('')

const body = (name: string, text: string, recipients = 3): VariedMessage => {
  return { name, content: `${HEADER}Subject: ${name}\n\n${text}`, recipients }
}

/** Their header is complete, so that nothing but `Received:` is added. */
export const VARIED_MESSAGES: readonly VariedMessage[] = [
  body('one line', 'text\n'),
  body('empty body', ''),
  body('a body of one empty line', '\n'),
  body('no end of line', 'text'),
  body('empty lines at both ends', '\n\n\ntext\n\n\n'),
  body('8-bit', 'caf\xe9 \xc3\xa9 \xff\n'),
  body('all octets but NUL', `${ALL_OCTETS}\n`),
  body('dots', '.\n..\n...\n.a\n. \ntext.\n.\n'),
  body('mailbox lines', 'From a@b\n>From a@b\nFrom: x\n'),
  body('what looks like SMTP', 'QUIT\n.\nRSET\nMAIL FROM:<x@x>\n'),
  body('white space at line ends', 'a \nb\t\n \n\t\n'),
  body('bare CR', 'a\rb\r\rc\n\r\n.\r\nlast\r'),
  body('lines at the limit', [997, 998, 999, 1996].map((n) => `${'l'.repeat(n)}\n`).join('')),
  body('lines beyond the limit', `${'x'.repeat(20_000)}\n.${'.'.repeat(3000)}\n`),
  { name: 'folded header', recipients: 3, content: `${HEADER}X-Long: a\n b\n\tc\n\ntext\n` },
  body('many recipients', 'text\n', 60),
  body('1 MB', `${`.${'0123456789abcdef'.repeat(4)}\n`.repeat(16_000)}end`, 2),
]

/** As it arrives, behind our `Received:`. */
export function arrivedForm({ content }: VariedMessage): string {
  return sentForm(content, true).replaceAll('\r\n', '\n').replaceAll(/^\./gm, '')
}
