import { OptionError, type ParsedOptions, parseOptions } from '@posthouse/posix-options'

import { type DropResult, dropMessage, type PostdropSystem } from './drop-message.ts'
import { PostdropError } from './errors.ts'
import { queueIdReply, statusReply } from './replies.ts'

/** What postdrop(1) takes from the machine that it runs on. */
export interface PostdropPorts {
  /** Records. A {@link PostdropError} that it throws ends the work: a signal, say. */
  readonly input: AsyncIterable<Uint8Array>
  stdout(bytes: Uint8Array): void
  stderr(bytes: Uint8Array): void
  /**
   * Reads main.cf: that of the directory of `-c`, else the default one.
   *
   * @throws {Error} whose message is for the user.
   */
  open(configDirectory: string | undefined): Omit<PostdropSystem, 'warn'>
}

const LETTERS = 'c:rv'
const USAGE = 'usage: postdrop [-c config_dir] [-v]'
const STATUS_VALUES = 256

/**
 * postdrop(1): takes a message on standard input, and says on standard output what became of it.
 *
 * @param args The arguments, without the name of the program.
 * @returns the exit status.
 */
export async function runPostdrop(args: readonly string[], ports: PostdropPorts): Promise<number> {
  const say = (text: string): void => ports.stderr(Buffer.from(`postdrop: ${text}\n`))
  try {
    const { options, operands } = split(args, say)
    if (operands.length > 0) throw new PostdropError(USAGE)
    const directory = options.findLast(({ name }) => name === 'c')?.argument
    const system = open(ports, directory)
    const warn = (text: string): void => say(`warning: ${text}`)
    const result = await dropMessage(ports.input, { ...system, warn }, (id) => {
      ports.stdout(Buffer.from(queueIdReply(id)))
    })
    return answer(result, ports)
  } catch (error) {
    if (!(error instanceof PostdropError)) throw error
    say(`fatal: ${error.message}`)
    return 1
  }
}

function split(args: readonly string[], say: (text: string) => void): ParsedOptions {
  try {
    return parseOptions(args, LETTERS)
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    say(error.message)
    throw new PostdropError(USAGE)
  }
}

function open(ports: PostdropPorts, directory: string | undefined): Omit<PostdropSystem, 'warn'> {
  try {
    return ports.open(directory)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error
    throw new PostdropError(error instanceof Error ? error.message : String(error))
  }
}

function answer(result: DropResult, ports: PostdropPorts): number {
  if (result.kind === 'cancelled') return 0
  const { status, reason } = result.kind === 'stored' ? { status: 0, reason: '' } : result
  ports.stdout(Buffer.from(statusReply(status, reason)))
  return status % STATUS_VALUES
}
