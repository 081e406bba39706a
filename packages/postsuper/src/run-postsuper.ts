import { isQueueFileName } from '@posthouse/queue-store'

import { type CommandLine, parseCommandLine, type Request } from './command-line.ts'
import { PostsuperError } from './errors.ts'
import { actOnMessage, type Letter } from './message-action.ts'
import type { PostsuperPorts, QueueSettings } from './ports.ts'
import { QueueFiles } from './queue-files.ts'
import { DEFAULT_QUEUES } from './queue-names.ts'
import { type Progress, passOver } from './queue-pass.ts'
import { emptyProgress, INCOMPLETE, NAMES_CHANGED, repair, summary } from './repair.ts'

/**
 * postsuper(1): deletes, holds, requeues and expires mail, and repairs the queue.
 *
 * @param args The arguments, without the name of the program.
 * @returns the exit status.
 */
export async function runPostsuper(
  args: readonly string[],
  ports: PostsuperPorts,
): Promise<number> {
  const say = (line: string): void => ports.stderr(Buffer.from(`postsuper: ${line}\n`))
  const progress = emptyProgress()
  try {
    if (!ports.isSuperuser) {
      throw new PostsuperError('use of this command is reserved for the superuser')
    }
    const line = parseCommandLine(args)
    const files = new QueueFiles(settingsOf(line, ports), { ...ports, say }, line.isVerbose)
    await work(line, files, progress, ports)
    for (const text of summary(progress, requested(line))) say(text)
    return 0
  } catch (error) {
    if (!(error instanceof PostsuperError)) throw error
    for (const text of error.lines) say(text)
    if (progress.isFixing) say(INCOMPLETE)
    return 1
  }
}

function settingsOf(line: CommandLine, ports: PostsuperPorts): QueueSettings {
  try {
    return ports.openQueue(line.configDirectory)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error
    throw new PostsuperError(error instanceof Error ? error.message : String(error))
  }
}

async function work(
  line: CommandLine,
  files: QueueFiles,
  progress: Progress,
  ports: PostsuperPorts,
): Promise<void> {
  const { structure, purge, requests, queues } = line
  if (structure !== undefined || purge) {
    const pass = { purge, ...(structure === undefined ? {} : { structure }) }
    await repair(queues ?? DEFAULT_QUEUES, files, pass, progress)
  }
  const namesMessages = requests.some(({ id }) => id !== 'ALL')
  if (progress.renamed > 0 && namesMessages) {
    const fatal = 'CHECK YOUR QUEUE IDS AND RE-ISSUE THE COMMAND'
    throw new PostsuperError(fatal, `error: ${NAMES_CHANGED}`)
  }
  for (const request of requests) await perform(request, { queues, files, progress, ports })
}

interface Work {
  readonly queues: readonly string[] | undefined
  readonly files: QueueFiles
  readonly progress: Progress
  readonly ports: PostsuperPorts
}

async function perform({ letters, id }: Request, work: Work): Promise<void> {
  const { queues, files, progress, ports } = work
  if (id === 'ALL') {
    await passOver(queues ?? DEFAULT_QUEUES, files, { all: letters }, progress)
    return
  }
  const ids = id === '-' ? linesOf(await ports.readInput()) : [id]
  for (const one of ids) {
    await ports.pause()
    if (!isQueueFileName(one)) files.warn(`invalid mail queue id: ${one}`)
    else {
      for (const letter of letters)
        progress.done[letter] += actOnMessage(files, letter, one, queues)
    }
  }
}

function linesOf(input: Buffer): string[] {
  const lines = input.toString('latin1').split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function requested({ requests }: CommandLine): ReadonlySet<Letter> {
  return new Set(requests.flatMap(({ letters }) => letters))
}
