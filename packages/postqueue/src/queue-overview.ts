import { ageText, nextAttemptText, sizeText } from './age-text.ts'
import type { ListedMessage, ListedRecipient } from './listed-message.ts'
import { printableText } from './printable-text.ts'

/** How a view for people is written. */
export interface ViewStyle {
  /** Lines are cut to so many columns; undefined: not at all. */
  readonly columns: number | undefined
  readonly useColours: boolean
  readonly smtputf8: boolean
  readonly nowMs: number
}

interface Destination {
  readonly name: string
  recipients: number
  /** Of them, those whose message is younger than an hour, than a day, or older. */
  readonly ages: [number, number, number]
  oldestSeconds: number
  nextAttemptMs: number | undefined
  readonly reasons: Map<string, number>
}

const MAX_DESTINATIONS = 10_000
const MAX_REASONS = 20
const OTHERS = '(others)'
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const HEADS = ['DESTINATION', 'ALL', '<1 H', '<1 D', 'OLDER', 'OLDEST', 'NEXT TRY', 'REASON']
const LEFT_ALIGNED = new Set([0, 6, 7])
const BOLD = '\u001b[1m'
const YELLOW = '\u001b[33m'
const RESET = '\u001b[0m'

/**
 * The queue by destination and age. Memory is bounded: what is for more than 10,000 destinations is
 * summed up as `(others)`, and of the reasons of one the first 20 different ones are counted.
 */
export class QueueOverview {
  readonly #nowMs: number
  readonly #destinations = new Map<string, Destination>()
  readonly #queues = new Map<string, number>()
  #recipients = 0
  #bytes = 0

  /** @param nowMs Milliseconds since 1970. */
  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  add(message: ListedMessage): void {
    this.#queues.set(message.queueName, (this.#queues.get(message.queueName) ?? 0) + 1)
    this.#bytes += message.sizeBytes
    for (const recipient of message.recipients) this.#addRecipient(message, recipient)
  }

  /** @param maxRows Destinations to show, those with the most recipients first. */
  format(style: ViewStyle, maxRows: number): string {
    if (this.#queues.size === 0) return 'The mail queue is empty.\n'
    const all = [...this.#destinations.values()].sort(compare)
    const shown = all.slice(0, maxRows)
    const rows = [HEADS, ...shown.map((destination) => this.#row(destination, style.smtputf8))]
    const widths = HEADS.map((_, column) =>
      Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
    )
    const lines = rows.map((cells) => cut(joinCells(cells, widths), style.columns))
    const painted = style.useColours
      ? lines.map((line, index) => paint(line, shown[index - 1]))
      : lines
    const left = all.length - shown.length
    const more = left > 0 ? `and ${counted(left, 'destination')} more, with --all\n` : ''
    return `${this.#summary()}\n\n${painted.join('\n')}\n${more}`
  }

  #addRecipient(message: ListedMessage, { address, reason }: ListedRecipient): void {
    const ageMs = this.#nowMs - message.arrivalSeconds * 1000
    const destination = this.#destination(destinationOf(address))
    this.#recipients++
    destination.recipients++
    destination.ages[ageMs < HOUR_MS ? 0 : ageMs < DAY_MS ? 1 : 2]++
    destination.oldestSeconds = Math.min(destination.oldestSeconds, message.arrivalSeconds)
    const { nextAttemptMs } = message
    if (nextAttemptMs !== undefined && message.queueName === 'deferred') {
      destination.nextAttemptMs = Math.min(destination.nextAttemptMs ?? Infinity, nextAttemptMs)
    }
    const { reasons } = destination
    if (reason !== '' && (reasons.has(reason) || reasons.size < MAX_REASONS)) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
  }

  #destination(domain: string): Destination {
    const isFull = this.#destinations.size >= MAX_DESTINATIONS
    const name = isFull && !this.#destinations.has(domain) ? OTHERS : domain
    let destination = this.#destinations.get(name)
    if (destination === undefined) {
      destination = {
        name,
        recipients: 0,
        ages: [0, 0, 0],
        oldestSeconds: Infinity,
        nextAttemptMs: undefined,
        reasons: new Map(),
      }
      this.#destinations.set(name, destination)
    }
    return destination
  }

  #row(destination: Destination, smtputf8: boolean): string[] {
    const { name, recipients, ages, oldestSeconds, nextAttemptMs, reasons } = destination
    const [reason = ''] = [...reasons].sort(([, a], [, b]) => b - a).map(([text]) => text)
    return [
      printableText(name, smtputf8),
      String(recipients),
      ...ages.map(String),
      ageText(this.#nowMs - oldestSeconds * 1000),
      nextAttemptText(nextAttemptMs, this.#nowMs),
      printableText(reason, smtputf8),
    ]
  }

  #summary(): string {
    const messages = [...this.#queues.values()].reduce((sum, count) => sum + count, 0)
    const queues = [...this.#queues].map(([name, count]) => `${count} in ${name}`)
    const recipients = counted(this.#recipients, 'recipient')
    const size = sizeText(this.#bytes)
    return `${counted(messages, 'message')}, ${recipients}, ${size}: ${queues.join(', ')}`
  }
}

/** Whom a recipient's mail goes to: the domain, in lower case. */
export function destinationOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}

/** A line with an ellipsis where it was too long. */
export function cut(line: string, columns: number | undefined): string {
  const text = line.trimEnd()
  if (columns === undefined || text.length <= columns) return text
  return `${text.slice(0, columns - 1)}…`
}

function joinCells(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, column) => {
    const width = widths[column] ?? 0
    return LEFT_ALIGNED.has(column) ? cell.padEnd(width) : cell.padStart(width)
  })
  return padded.join('  ')
}

/** The head stands out, and so does what has mail of more than a day. */
function paint(line: string, destination: Destination | undefined): string {
  if (destination === undefined) return `${BOLD}${line}${RESET}`
  return destination.ages[2] > 0 ? `${YELLOW}${line}${RESET}` : line
}

function compare(a: Destination, b: Destination): number {
  return b.recipients - a.recipients || (a.name < b.name ? -1 : 1)
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
