import { OptionError, parseOptions } from '@posthouse/posix-options'

/** The command line of qshape(1), understood. */
export interface CommandLine {
  /** `-s`: domains of senders; else those of recipients. */
  readonly bySender: boolean
  /** `-p` */
  readonly withParents: boolean
  /** `-m` */
  readonly minSubdomains: number
  /** `-l`: ages in steps of the same size; else each is twice the last. */
  readonly isLinear: boolean
  /** `-b` */
  readonly bucketCount: number
  /** `-t` */
  readonly bucketMinutes: number
  /** `-w` */
  readonly width: number
  /** `-N` */
  readonly batchFiles: number
  /** `-n` */
  readonly batchRows: number
  /** `-c`; undefined when it is not there. */
  readonly configDirectory: string | undefined
  /** Names below the queue directory, or absolute paths. */
  readonly queues: readonly string[]
}

/** The command line makes no sense, or asks for help; the message is for standard error. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const MIN_WIDTH = 80
const USAGE = `\
Usage: qshape [ -s ] [ -p ] [ -m <min_subdomains> ] [ -l ]
	[ -b <bucket_count> ] [ -t <bucket_time> ] [ -w <terminal_width> ]
	[ -N <batch_msg_count> ] [ -n <batch_top_domains> ]
	[ -c <config_directory> ] [ <queue_name> ... ]
  -s  counts messages by the domain of the sender, not recipients by theirs
  -p  shows parent domains as well, with a dot in front
  -m  how many subdomains a parent domain must have for that (5)
  -l  has ages grow by bucket_time; without it they double
  -b  how many columns of ages there are (10)
  -t  minutes, the limit of the first (5)
  -w  width of the table in columns (80)
  -N  after how many files a terminal shows how far it has got (1000)
  -n  how many rows it shows then (20)
  -c  directory with main.cf
Queues are names below the queue directory, or absolute paths; else incoming and active.
`

/** Reads the arguments of qshape(1) (F-89). @throws {UsageError} */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { options, operands } = parse(args)
  const has = (letter: string): boolean => options.some(({ name }) => name === letter)
  const last = (letter: string): string | undefined =>
    options.findLast(({ name }) => name === letter)?.argument
  if (has('h')) throw new UsageError(USAGE)
  const count = (letter: string, otherwise: number): number => {
    const text = last(letter) ?? ''
    const value = /^\d+$/.test(text) ? Number(text) : 0
    return value > 0 ? value : otherwise
  }
  return {
    bySender: has('s'),
    withParents: has('p'),
    minSubdomains: count('m', 5),
    isLinear: has('l'),
    bucketCount: count('b', 10),
    bucketMinutes: count('t', 5),
    width: Math.max(MIN_WIDTH, count('w', MIN_WIDTH)),
    batchFiles: count('N', 1000),
    batchRows: count('n', 20),
    configDirectory: last('c'),
    queues: operands.length > 0 ? operands : ['incoming', 'active'],
  }
}

function parse(args: readonly string[]): ReturnType<typeof parseOptions> {
  try {
    return parseOptions(args, 'shplm:b:t:w:N:n:c:')
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new UsageError(`qshape: ${error.message}\n${USAGE}`)
  }
}
