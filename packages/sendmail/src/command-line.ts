import { OptionError, type ParsedOptions, parseOptions } from '@posthouse/posix-options'

import { parseEnvelopeId, parseNotify, parseReturn } from './dsn-options.ts'
import { SendmailError } from './errors.ts'

/** What sendmail(1) is asked to do (F-90). `none`: to end at once. */
export type Mode =
  | 'submit'
  | 'probe'
  | 'list'
  | 'flush'
  | 'flush-id'
  | 'flush-site'
  | 'daemon'
  | 'aliases'
  | 'stand-alone'
  | 'none'

/** The command line of sendmail(1): options of F-91. */
export interface CommandLine {
  readonly mode: Mode
  /** What `-qI` or `-qR` names. */
  readonly target: string
  readonly operands: readonly string[]
  readonly configDirectory: string | undefined
  /** `-oA`: the alias database that `-bi` is for. */
  readonly aliasMap: string | undefined
  /** `-f`, as given. */
  readonly sender: string | undefined
  /** `-F`. */
  readonly fullName: string | undefined
  /** `-t`: recipients are in the header. */
  readonly readsRecipients: boolean
  /** A lone dot does not end the message. */
  readonly ignoresDots: boolean
  readonly encoding: '7bit' | '8bit' | undefined
  readonly rewriteContext: 'local' | 'remote'
  /** Bits of F-34 that `-O` has asked for. */
  readonly sendOptions: number
  /** NOTIFY as in F-39; 0: not requested. */
  readonly notify: number
  /** RET: 1 FULL, 2 HDRS; 0: not requested. */
  readonly returnFlags: number
  readonly envelopeId: string
  /** `-XV`: two characters, or empty for those of main.cf; undefined: no VERP. */
  readonly verpDelimiters: string | undefined
  /** `-v`: a report is wanted. */
  readonly isTraced: boolean
}

type Draft = { -readonly [Key in keyof CommandLine]: CommandLine[Key] }

const LETTERS = 'A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:q::r:tvx'
const USAGE = 'usage: sendmail [options]'
const MODES: Readonly<Record<string, Mode>> = {
  m: 'submit',
  v: 'probe',
  p: 'list',
  d: 'daemon',
  l: 'daemon',
  i: 'aliases',
  s: 'stand-alone',
  h: 'none',
  H: 'none',
}
const ENCODINGS = { '8BITMIME': '8bit', '7BIT': '7bit' } as const
const SEND_OPTIONS: ReadonlyMap<string, number> = new Map([
  ['smtputf8', 1],
  ['requiretls', 32],
])
// What each mode but those that take recipients calls itself (F-90).
const NAMES: Readonly<Partial<Record<Mode, string>>> = {
  list: 'display queue mode',
  flush: 'flush queue mode',
  'flush-id': 'flush queue_id',
  'flush-site': 'flush site',
  daemon: 'daemon mode',
  aliases: 'alias initialization mode',
  'stand-alone': 'stand-alone mode',
}

/**
 * @param warn Told of what is ignored.
 * @throws {SendmailError}
 */
export function parseCommandLine(
  args: readonly string[],
  warn: (text: string) => void,
): CommandLine {
  const { options, operands } = split(withoutOldVerp(args, warn))
  const line: Draft = {
    mode: 'submit',
    target: '',
    operands,
    configDirectory: undefined,
    aliasMap: undefined,
    sender: undefined,
    fullName: undefined,
    readsRecipients: false,
    ignoresDots: false,
    encoding: undefined,
    rewriteContext: 'local',
    sendOptions: 0,
    notify: 0,
    returnFlags: 0,
    envelopeId: '',
    verpDelimiters: undefined,
    isTraced: false,
  }
  for (const { name, argument } of options) heed(line, name, argument, warn)
  check(
    line,
    options.some(({ name }) => name === 'v'),
  )
  return line
}

/** The option of Postfix before 2.3: `-V`, and two characters that may be another word. */
function withoutOldVerp(args: readonly string[], warn: (text: string) => void): readonly string[] {
  const end = args.indexOf('--')
  return args.map((word, at) => {
    if (!word.startsWith('-V') || (end >= 0 && at > end)) return word
    const isAttached = word.length === 4
    if (!isAttached && (word !== '-V' || args[at + 1]?.length !== 2)) return word
    const instead = `-X${word.slice(1)}`
    warn(`option ${word} is deprecated with Postfix 2.3; specify ${instead} instead`)
    return instead
  })
}

function split(args: readonly string[]): ParsedOptions {
  try {
    return parseOptions(args, LETTERS)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    // Twice: Postfix reads its options twice.
    throw new SendmailError(USAGE, error.message, error.message)
  }
}

function heed(line: Draft, name: string, argument: string, warn: (text: string) => void): void {
  switch (name) {
    case 'b':
      line.mode = MODES[argument.slice(0, 1)] ?? unsupported(`b${argument.slice(0, 1)}`)
      return
    case 'q':
      heedQueue(line, argument)
      return
    case 'I':
      line.mode = 'aliases'
      return
    case 'f':
    case 'r':
      line.sender = argument
      return
    case 'F':
      line.fullName = argument
      return
    case 't':
      line.readsRecipients = true
      return
    case 'i':
      line.ignoresDots = true
      return
    case 'o':
      heedOld(line, argument)
      return
    case 'C':
      line.configDirectory = argument.replace(/\/?main\.cf$/, '') || '/'
      return
    case 'G':
      line.rewriteContext = 'remote'
      return
    case 'n':
      throw new SendmailError('-n option not supported')
    case 'v':
      line.isTraced = true
      return
    default:
      heedMailOption(line, name, argument, warn)
  }
}

/** Options of one message; others, such as `-m`, are for Sendmail alone. */
function heedMailOption(
  line: Draft,
  name: string,
  argument: string,
  warn: (text: string) => void,
): void {
  switch (name) {
    case 'B':
      line.encoding = encodingOf(argument)
      return
    case 'N':
      line.notify = parseNotify(argument, warn)
      return
    case 'O':
      heedSendOption(line, argument)
      return
    case 'R':
      line.returnFlags = parseReturn(argument, warn)
      return
    case 'V':
      line.envelopeId = parseEnvelopeId(argument, warn)
      return
    case 'X':
      if (!argument.startsWith('V')) unsupported(`X${argument.slice(0, 1)}`)
      line.verpDelimiters = argument.slice(1)
      return
  }
}

/** Of Sendmail's own options, which have such names too, none is heeded. */
function heedSendOption(line: Draft, argument: string): void {
  const [, name = '', value = ''] = /^(.*?)=(.*)$/.exec(argument.toLowerCase()) ?? []
  const bit = SEND_OPTIONS.get(name)
  if (bit === undefined) return
  if (value !== 'yes' && value !== 'no') throw new SendmailError(`-O ${name} needs yes or no`)
  line.sendOptions = value === 'yes' ? line.sendOptions | bit : line.sendOptions & ~bit
}

function heedQueue(line: Draft, argument: string): void {
  const [letter = ''] = argument
  if (letter === '') line.mode = 'flush'
  else if (letter >= '0' && letter <= '9') line.mode = 'none'
  else if (letter === 'R' || (letter === 'I' && line.mode !== 'flush-site')) {
    line.mode = letter === 'R' ? 'flush-site' : 'flush-id'
    line.target = argument.slice(1)
  } else if (letter !== 'I') throw new SendmailError(`-q${letter} is not implemented`)
}

function heedOld(line: Draft, argument: string): void {
  if (argument === 'A') throw new SendmailError('-oA requires pathname')
  if (argument.startsWith('A')) line.aliasMap = argument.slice(1)
  if (argument.startsWith('i')) line.ignoresDots = true
}

function encodingOf(argument: string): '7bit' | '8bit' {
  const name = argument.toUpperCase()
  if (name === '8BITMIME' || name === '7BIT') return ENCODINGS[name]
  throw new SendmailError('-B option needs 8BITMIME or 7BIT')
}

function unsupported(option: string): never {
  throw new SendmailError(`unsupported: -${option}`)
}

function check(line: CommandLine, isVerbose: boolean): void {
  const { mode, operands, readsRecipients, notify, returnFlags } = line
  if (mode === 'probe') {
    const given = [
      ['t', readsRecipients],
      ['N', notify !== 0],
      ['R', returnFlags !== 0],
      ['v', isVerbose],
    ] as const
    const [first] = given.find(([, isGiven]) => isGiven) ?? []
    if (first !== undefined) {
      throw new SendmailError(`-${first} option cannot be used with -bv`)
    }
  } else if (readsRecipients && mode !== 'submit') {
    throw new SendmailError('-t can be used only in delivery mode')
  }
  const name = NAMES[mode]
  if (name !== undefined && operands.length > 0) {
    throw new SendmailError(`${name} requires no recipient`)
  }
}
