import { encodeAddress } from '@posthouse/mail-address'
import { OptionError, parseOptions } from '@posthouse/posix-options'

import { ageText, nextAttemptText, sizeText } from './age-text.ts'
import { PostqueueError } from './errors.ts'
import type { ListedMessage } from './listed-message.ts'
import { openListing } from './open-listing.ts'
import type { PostqueuePorts } from './ports.ts'
import { printableText } from './printable-text.ts'
import { cut, destinationOf, QueueOverview, type ViewStyle } from './queue-overview.ts'

/** What the view for people needs besides. */
export interface QueueViewPorts extends PostqueuePorts {
  /** Columns of the terminal that `stdout` is; undefined if it is none. */
  readonly columns: number | undefined
  /** Whether the user wants colours on a terminal. */
  readonly wantsColours: boolean
}

const USAGE = 'usage: queue [-c config_dir] [--all] [destination ...]'
const MAX_ROWS = 30

/**
 * Shows the queue to people: how much mail waits for each destination, how old it is, why it waits
 * and when it is tried next. With destinations, each message for them. Our own: scripts are better
 * off with `postqueue -j`.
 *
 * @param args Without the name of the command.
 * @returns the exit status: 1 after a fatal error, which is on `stderr`.
 */
export async function runQueue(args: readonly string[], ports: QueueViewPorts): Promise<number> {
  const say = (text: string): void => ports.stderr(encodeAddress(`queue: ${text}\n`))
  try {
    const { configDirectory, showsAll, destinations } = parse(args)
    const system = await ports.open(configDirectory)
    const messages = await openListing(system, say)
    const style: ViewStyle = {
      columns: ports.columns,
      useColours: ports.columns !== undefined && ports.wantsColours,
      smtputf8: system.smtputf8,
      nowMs: system.now(),
    }
    const print = async (text: string): Promise<void> => ports.stdout(encodeAddress(text))
    if (destinations.length > 0) {
      for await (const message of messages) await print(linesFor(destinations, message, style))
      return 0
    }
    const overview = new QueueOverview(style.nowMs)
    for await (const message of messages) overview.add(message)
    await print(overview.format(style, showsAll ? Number.POSITIVE_INFINITY : MAX_ROWS))
    return 0
  } catch (error) {
    // A bug is shown by who called this.
    if (error instanceof TypeError || error instanceof RangeError) throw error
    say(`fatal: ${error instanceof Error ? error.message : error}`)
    return 1
  }
}

function parse(args: readonly string[]) {
  try {
    const { options, operands } = parseOptions(args, 'c:', ['all'])
    return {
      configDirectory: options.findLast(({ name }) => name === 'c')?.argument,
      showsAll: options.some(({ name }) => name === 'all'),
      destinations: operands.map((name) => name.toLowerCase()),
    }
  } catch (error) {
    if (!(error instanceof OptionError)) throw error
    throw new PostqueueError('usage', `${error.message}. ${USAGE}`, { cause: error })
  }
}

/** A message, with those of its recipients that are at one of the destinations. */
function linesFor(
  destinations: readonly string[],
  message: ListedMessage,
  style: ViewStyle,
): string {
  const recipients = message.recipients.filter(({ address }) => {
    return destinations.includes(destinationOf(address))
  })
  if (recipients.length === 0) return ''
  const { queueId, queueName, arrivalSeconds, sizeBytes, sender, nextAttemptMs } = message
  const isDeferred = queueName === 'deferred'
  const next = isDeferred ? `, next try ${nextAttemptText(nextAttemptMs, style.nowMs)}` : ''
  const age = ageText(style.nowMs - arrivalSeconds * 1000)
  const head = `${queueId} ${queueName}, ${age} old${next}, ${sizeText(sizeBytes)}, from ${sender}`
  const lines = [head]
  for (const { address, reason } of recipients) {
    lines.push(`  to ${address}`)
    if (reason !== '') lines.push(`     ${reason}`)
  }
  return lines
    .map((line) => `${cut(printableText(line, style.smtputf8), style.columns)}\n`)
    .join('')
}
