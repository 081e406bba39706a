import { OptionError, type ParsedOption, parseOptions } from '@posthouse/posix-options'

import { PostqueueError } from './errors.ts'

/** What postqueue(1) is asked for. */
export type Action =
  | { readonly kind: 'list'; readonly format: 'text' | 'json' }
  | { readonly kind: 'flush' }
  | { readonly kind: 'flush-message'; readonly id: string }
  | { readonly kind: 'flush-site'; readonly site: string }

/** The command line of postqueue(1), understood. */
export interface CommandLine {
  readonly action: Action
  /** `-c`; undefined when it is not there. */
  readonly configDirectory: string | undefined
  /** `-v` */
  readonly isVerbose: boolean
}

const USAGE =
  'usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | postqueue -s site'

/**
 * Reads the arguments of postqueue(1) (F-83). Options end at the first argument that is none.
 *
 * @throws {PostqueueError} `usage`
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const actions: Action[] = []
  let configDirectory: string | undefined
  let isVerbose = false
  for (const { name, argument } of optionsOf(args)) {
    if (name === 'c') configDirectory = argument
    else if (name === 'v') isVerbose = true
    else actions.push(actionOf(name, argument))
  }
  const [action, ...others] = actions
  if (action === undefined || others.length > 0) throw usageError()
  return { action, configDirectory, isVerbose }
}

function actionOf(option: string, argument: string): Action {
  switch (option) {
    case 'f':
      return { kind: 'flush' }
    case 'i':
      return { kind: 'flush-message', id: argument }
    case 's':
      return { kind: 'flush-site', site: argument }
    default:
      return { kind: 'list', format: option === 'j' ? 'json' : 'text' }
  }
}

function optionsOf(args: readonly string[]): readonly ParsedOption[] {
  try {
    const { options, operands } = parseOptions(args, 'c:fi:jps:v')
    if (operands.length > 0) throw usageError()
    return options
  } catch (error) {
    throw error instanceof OptionError ? usageError(error.message) : error
  }
}

function usageError(notice?: string): PostqueueError {
  return new PostqueueError('usage', USAGE, notice === undefined ? {} : { notice })
}
