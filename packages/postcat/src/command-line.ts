import { OptionError, type ParsedOptions, parseOptions } from '@posthouse/posix-options'

import { PostcatError } from './errors.ts'

/** What is to be shown of a file, and how (F-88). */
export interface View {
  /** Envelope and extracted records, and the markers between the segments. */
  readonly envelope: boolean
  readonly header: boolean
  readonly body: boolean
  /** `-d`, `-f`, `-o`: what precedes each record. */
  readonly types: boolean
  readonly paths: boolean
  readonly offsets: boolean
  /** `-v`: names of text records, pointers and padding, too. */
  readonly isVerbose: boolean
  /** `-r`: the records as they lie in the file. */
  readonly isRaw: boolean
  /** `-s`: where to begin; 0 for the whole file. */
  readonly start: number
}

/** The command line of postcat(1). */
export interface CommandLine {
  readonly view: View
  /** `-q`: operands are queue ids. */
  readonly isQueue: boolean
  /** `--parsed`: a view for people. */
  readonly isParsed: boolean
  readonly configDirectory: string | undefined
  readonly operands: readonly string[]
}

const LETTERS = 'bc:defhoqrs:v'
const WITH_PARSED = ['c', 'parsed', 'q']
// As Postfix 3.7 has it.
const USAGE =
  'usage: postcat [-b (body text)] [-c config_dir] [-d (decimal record type)] ' +
  '[-e (envelope records)] [-h (header text)] [-q (access queue)] [-v] [file(s)...]'

/** @throws {PostcatError} */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { options, operands } = split(args)
  const has = (name: string) => options.some((option) => option.name === name)
  const last = (name: string) => options.findLast((option) => option.name === name)?.argument
  if (has('parsed')) {
    const other = options.find(({ name }) => !WITH_PARSED.includes(name))
    if (other !== undefined) throw new PostcatError(`--parsed cannot be used with -${other.name}`)
  }
  for (const { name, argument } of options) if (name === 's') checkOffset(argument)
  const all = !has('b') && !has('e') && !has('h')
  return {
    view: {
      envelope: all || has('e'),
      header: all || has('h'),
      body: all || has('b'),
      types: has('d'),
      paths: has('f'),
      offsets: has('o'),
      isVerbose: has('v'),
      isRaw: has('r'),
      start: Number(last('s') ?? 0),
    },
    isQueue: has('q'),
    isParsed: has('parsed'),
    configDirectory: last('c'),
    operands,
  }
}

function split(args: readonly string[]): ParsedOptions {
  try {
    return parseOptions(args, LETTERS, ['parsed'])
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new PostcatError(USAGE, error.message)
  }
}

function checkOffset(text: string): void {
  const isOffset = /^\d+$/.test(text) && Number.isSafeInteger(Number(text))
  if (!isOffset) throw new PostcatError(`bad offset: ${text}`)
}
