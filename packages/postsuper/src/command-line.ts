import { OptionError, type ParsedOptions, parseOptions } from '@posthouse/posix-options'

import { PostsuperError } from './errors.ts'
import type { Letter } from './message-action.ts'

/** An action of the command line, on one message, on all, or on those of standard input. */
export interface Request {
  /** `-f` is two of them. */
  readonly letters: readonly Letter[]
  /** A queue id as given, `ALL`, or `-`. */
  readonly id: string
}

/** The command line of postsuper(1). */
export interface CommandLine {
  readonly structure: 'normal' | 'strict' | undefined
  readonly purge: boolean
  readonly isVerbose: boolean
  readonly configDirectory: string | undefined
  readonly requests: readonly Request[]
  /** Undefined when none is named. */
  readonly queues: readonly string[] | undefined
}

const LETTERS = 'c:d:e:f:h:H:pr:sSv'
const REQUESTS: ReadonlyMap<string, readonly Letter[]> = new Map<string, readonly Letter[]>([
  ['d', ['d']],
  ['e', ['e']],
  ['f', ['e', 'H']],
  ['h', ['h']],
  ['H', ['H']],
  ['r', ['r']],
])
const USAGE =
  'usage: postsuper [-c config_dir] [-d queue_id (delete)] [-e queue_id (expire)] ' +
  '[-f queue_id (expire and/or un-hold)] [-h queue_id (hold)] [-H queue_id (un-hold)] ' +
  '[-p (purge temporary files)] [-r queue_id (requeue)] [-s (structure fix)] ' +
  '[-S (redundant structure fix)][-v (verbose)] [queue...]'

/** @throws {PostsuperError} */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { options, operands } = split(args)
  const has = (name: string) => options.some((option) => option.name === name)
  const configDirectory = options.findLast(({ name }) => name === 'c')?.argument
  if (configDirectory !== undefined && !configDirectory.startsWith('/')) {
    throw new PostsuperError('-c requires absolute pathname')
  }
  const requests = options.flatMap(({ name, argument }) => {
    const letters = REQUESTS.get(name)
    return letters === undefined ? [] : [{ letters, id: argument }]
  })
  const isDefault = requests.length === 0 && !has('s') && !has('S') && !has('p')
  return {
    structure: has('S') ? 'strict' : has('s') || isDefault ? 'normal' : undefined,
    purge: has('p') || isDefault,
    isVerbose: has('v'),
    configDirectory,
    requests,
    queues: operands.length === 0 ? undefined : operands,
  }
}

function split(args: readonly string[]): ParsedOptions {
  try {
    return parseOptions(args, LETTERS)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new PostsuperError(USAGE, error.message)
  }
}
