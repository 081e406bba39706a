import { encodeAddress } from '@posthouse/mail-address'
import type { QueueFileSystem } from '@posthouse/queue-store'

import { AgeTable } from './age-table.ts'
import { type CommandLine, parseCommandLine, UsageError } from './command-line.ts'
import { readShape } from './message-shape.ts'

/** What the command needs of its program and of the machine. */
export interface QshapePorts {
  readonly files: QueueFileSystem
  /** Milliseconds since 1970. */
  readonly now: () => number
  /**
   * `queue_directory` of a configuration directory; without one, of the program's. It may throw an
   * error whose message is for the operator.
   */
  readonly queueDirectory: (configDirectory: string | undefined) => string
  /** Whether `stdout` is one: then it shows how far it has got. */
  readonly isTerminal: boolean
  readonly stdout: (bytes: Uint8Array) => void
  readonly stderr: (bytes: Uint8Array) => void
}

const USAGE_STATUS = 255
const MESSAGE_NAME = /(?:^|\/)[A-Za-z0-9]{6,}$/
const CLEAR_SCREEN = '\u001b[H\u001b[2J'
const TYPE_BITS = 0o170000
const REGULAR_FILE = 0o100000
// Complete, and nobody else may write or run it: without those that are to expire at once.
const MODE_BITS = 0o733
const READY = 0o700

/**
 * Runs qshape(1): counts the mail in queues by domain and age (F-89).
 *
 * @param args Without the name of the command.
 * @returns the exit status: 255 after a usage error, 1 where the queue directory is not known, and
 * 0 also for queues that cannot be read, which `stderr` is told.
 */
export async function runQshape(args: readonly string[], ports: QshapePorts): Promise<number> {
  const say = (text: string): void => ports.stderr(encodeAddress(text))
  try {
    const commandLine = parseCommandLine(args)
    const table = new AgeTable({
      ...commandLine,
      minSubdomains: commandLine.withParents ? commandLine.minSubdomains : undefined,
    })
    await new QueueShape(commandLine, ports, table).count()
    ports.stdout(encodeAddress(table.format()))
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      say(error.message)
      return USAGE_STATUS
    }
    // A bug is shown by who called this.
    if (!(error instanceof Error) || error instanceof TypeError) throw error
    say(`qshape: fatal: ${error.message}\n`)
    return 1
  }
}

class QueueShape {
  readonly #commandLine: CommandLine
  readonly #ports: QshapePorts
  readonly #table: AgeTable
  #messages = 0

  constructor(commandLine: CommandLine, ports: QshapePorts, table: AgeTable) {
    this.#commandLine = commandLine
    this.#ports = ports
    this.#table = table
  }

  async count(): Promise<void> {
    const { queues, configDirectory } = this.#commandLine
    for (const queue of queues) {
      const isAbsolute = queue.startsWith('/')
      const path = isAbsolute ? queue : `${this.#ports.queueDirectory(configDirectory)}/${queue}`
      try {
        await this.#ports.files.lstat(path)
      } catch (error) {
        this.#complain(`Can't stat ${queue}`, error)
        continue
      }
      await this.#countDirectory(path)
    }
  }

  async #countDirectory(path: string): Promise<void> {
    let directory: Awaited<ReturnType<QueueFileSystem['opendir']>>
    try {
      directory = await this.#ports.files.opendir(path)
    } catch (error) {
      this.#complain(`Can't read ${path}`, error)
      return
    }
    try {
      for (let entry = await directory.read(); entry; entry = await directory.read()) {
        const child = `${path}/${entry.name}`
        if (entry.isDirectory) await this.#countDirectory(child)
        else if (MESSAGE_NAME.test(child)) await this.#countFile(child)
      }
    } finally {
      await directory.close()
    }
  }

  async #countFile(path: string): Promise<void> {
    try {
      const { mode } = await this.#ports.files.lstat(path)
      if ((mode & TYPE_BITS) !== REGULAR_FILE || (mode & MODE_BITS) !== READY) return
      const shape = await readShape(this.#ports.files, path)
      if (shape === undefined) return
      const ageMinutes = Math.floor((this.#ports.now() - shape.arrivalMs) / 1000) / 60
      const addresses = this.#commandLine.bySender ? [shape.sender] : shape.recipients
      for (const address of addresses) this.#table.add(domainOf(address), ageMinutes)
      this.#showProgress()
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error
      if (error.code !== 'ENOENT') this.#complain(`Can't read ${path}`, error) // Else it is gone.
    }
  }

  #showProgress(): void {
    const { batchFiles, batchRows } = this.#commandLine
    this.#messages++
    if (!this.#ports.isTerminal || this.#messages % batchFiles !== 0) return
    this.#ports.stdout(encodeAddress(CLEAR_SCREEN + this.#table.format(batchRows)))
  }

  #complain(what: string, error: unknown): void {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const reason = isMissing
      ? 'No such file or directory'
      : error instanceof Error
        ? error.message
        : String(error)
    this.#ports.stderr(encodeAddress(`${what}: ${reason}\n`))
  }
}

/** The domain of an address, in the form that rows have. */
function domainOf(address: string): string {
  if (address === '') return 'MAILER-DAEMON'
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  return domain.replaceAll('..', '.').replace(/^\./, '').replace(/\.$/, '')
}
