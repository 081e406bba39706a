import {
  BadRecordError,
  type HashingOptions,
  isQueueFileName,
  QueuePaths,
} from '@posthouse/queue-store'

import { type CommandLine, parseCommandLine } from './command-line.ts'
import { PostcatError } from './errors.ts'
import { parsedView } from './parsed-view.ts'
import type { OpenFile, PostcatPorts } from './ports.ts'
import { type Output, showFile } from './show-file.ts'

const BUFFER_BYTES = 64 * 1024
/** Where `-q` looks (F-88); twice, as a message may be moving. */
const QUEUES = ['maildrop', 'incoming', 'active', 'deferred', 'hold', 'saved'] as const

/**
 * postcat(1): shows queue files.
 *
 * @param args The arguments, without the name of the program.
 * @returns the exit status.
 */
export async function runPostcat(args: readonly string[], ports: PostcatPorts): Promise<number> {
  const output = new BufferedOutput(ports)
  try {
    const line = parseCommandLine(args)
    // Read whether it is needed or not: a mistake in it is told at once.
    const queue = settingsOf(line, ports)
    if (line.operands.length === 0) await showInput(line, ports, output)
    for (const operand of line.operands) {
      const found = await (line.isQueue
        ? openQueueFile(operand, queue, ports)
        : openPath(operand, ports))
      await show(found.file, found.name, line, { ports, output })
    }
    return 0
  } catch (error) {
    if (!(error instanceof PostcatError)) throw error
    output.say(error.lines)
    return 1
  } finally {
    output.flush()
  }
}

function settingsOf(line: CommandLine, ports: PostcatPorts): HashingOptions {
  try {
    return ports.queueOf(line.configDirectory)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw error
    throw new PostcatError(error instanceof Error ? error.message : String(error))
  }
}

async function showInput(
  line: CommandLine,
  ports: PostcatPorts,
  output: BufferedOutput,
): Promise<void> {
  const bytes = await ports.readInput()
  const read = async (position: number, length: number) =>
    bytes.subarray(position, position + length)
  const file = { sizeBytes: bytes.length, read, close: async () => {} }
  await show(file, 'stdin', line, { ports, output })
}

async function show(
  file: OpenFile,
  name: string,
  line: CommandLine,
  { ports, output }: { ports: PostcatPorts; output: BufferedOutput },
): Promise<void> {
  try {
    if (line.isParsed) output.write(await parsedView(file, name))
    else await showFile(file, name, line.view, output)
  } catch (error) {
    if (error instanceof BadRecordError) {
      output.warn(`${name}: ${error.message}`)
      throw new PostcatError('record read error')
    }
    // Those of the file system have a code, such as EISDIR of a directory.
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new PostcatError(`read ${name}: ${ports.reasonOf(error)}`)
  } finally {
    await file.close()
  }
}

interface Found {
  readonly file: OpenFile
  readonly name: string
}

async function openPath(path: string, ports: PostcatPorts): Promise<Found> {
  try {
    return { file: await ports.openFile(path), name: path }
  } catch (error) {
    throw new PostcatError(`open ${path}: ${ports.reasonOf(error)}`)
  }
}

async function openQueueFile(
  id: string,
  queue: HashingOptions,
  ports: PostcatPorts,
): Promise<Found> {
  if (!isQueueFileName(id)) throw new PostcatError(`bad mail queue ID: ${id}`)
  const paths = new QueuePaths(queue)
  let failure: unknown
  for (const name of [...QUEUES, ...QUEUES]) {
    const path = paths.file(name, id)
    try {
      return { file: await ports.openFile(path), name: path.slice(queue.directory.length + 1) }
    } catch (error) {
      failure = error
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) break
    }
  }
  throw new PostcatError(`open queue file ${id}: ${ports.reasonOf(failure)}`)
}

class BufferedOutput implements Output {
  readonly #ports: PostcatPorts
  isLineOpen = false
  #parts: Buffer[] = []
  #bytes = 0

  constructor(ports: PostcatPorts) {
    this.#ports = ports
  }

  write(bytes: Buffer | string): void {
    // A copy: records are views on what is read next.
    const part = Buffer.from(bytes)
    this.#parts.push(part)
    this.#bytes += part.length
    if (this.#bytes >= BUFFER_BYTES) this.flush()
  }

  warn(text: string): void {
    this.say([`warning: ${text}`])
  }

  say(lines: readonly string[]): void {
    // What was shown before the message is to stand before it.
    this.flush()
    for (const line of lines) this.#ports.stderr(Buffer.from(`postcat: ${line}\n`))
  }

  flush(): void {
    if (this.#bytes > 0) this.#ports.stdout(Buffer.concat(this.#parts))
    this.#parts = []
    this.#bytes = 0
  }
}
