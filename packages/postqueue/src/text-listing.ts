import type { ListedMessage, ListedRecipient } from './listed-message.ts'
import { printableText } from './printable-text.ts'

/** How a listing is written. */
export interface ListingFormat {
  /** `enable_long_queue_ids`: wide columns. */
  readonly longQueueIds: boolean
  /** `smtputf8_enable` */
  readonly smtputf8: boolean
}

const SHORT = {
  header: '-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------',
  id: 11,
  size: 7,
  date: 20,
  indent: ' '.repeat(41),
}
const LONG = {
  header: '----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------',
  id: 17,
  size: 8,
  date: 19,
  indent: ' '.repeat(47),
}
const REASON_COLUMNS = 76
const STATUS: Readonly<Record<string, string>> = { active: '*', hold: '!' }
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** The listing of `mailq` and `postqueue -p` (F-85), message by message; times are local. */
export class TextListing {
  readonly #smtputf8: boolean
  readonly #columns: typeof SHORT
  #messages = 0
  #bytes = 0

  constructor({ longQueueIds, smtputf8 }: ListingFormat) {
    this.#columns = longQueueIds ? LONG : SHORT
    this.#smtputf8 = smtputf8
  }

  /** The lines of one message, with the header before those of the first. */
  message(message: ListedMessage): string {
    const before = this.#messages === 0 ? `${this.#columns.header}\n` : '\n'
    this.#messages++
    this.#bytes += message.sizeBytes
    return before + this.#messageLine(message) + this.#recipientLines(message.recipients)
  }

  /** What comes behind the last message. */
  end(): string {
    if (this.#messages === 0) return 'Mail queue is empty\n'
    const requests = this.#messages === 1 ? 'Request' : 'Requests'
    return `\n-- ${Math.floor(this.#bytes / 1024)} Kbytes in ${this.#messages} ${requests}.\n`
  }

  #messageLine(message: ListedMessage): string {
    const { queueId, queueName, isForcedExpire, sizeBytes, arrivalSeconds, sender } = message
    const flags = `${STATUS[queueName] ?? ''}${isForcedExpire ? '#' : ''}`
    const columns = [
      this.#printable(`${queueId}${flags}`).padEnd(this.#columns.id),
      String(sizeBytes).padStart(this.#columns.size),
      localTime(arrivalSeconds).padEnd(this.#columns.date),
      this.#printable(sender),
    ]
    return `${columns.join(' ')}\n`
  }

  #recipientLines(recipients: readonly ListedRecipient[]): string {
    let text = ''
    let lastReason = ''
    for (const { address, reason } of recipients) {
      if (reason !== lastReason) text += this.#reasonLine(reason)
      lastReason = reason
      text += `${this.#columns.indent}${this.#printable(address)}\n`
    }
    return text
  }

  #reasonLine(reason: string): string {
    const text = reason === '' ? 'reason unavailable' : this.#printable(reason)
    const blanks = Math.max(0, REASON_COLUMNS - Buffer.byteLength(text))
    return `${' '.repeat(blanks)}(${text})\n`
  }

  #printable(text: string): string {
    return printableText(text, this.#smtputf8)
  }
}

/** As `date` of C: `Thu Jan  1 00:00:00`. */
function localTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  const day = String(date.getDate()).padStart(2)
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()]
  const time = clock.map((part) => String(part).padStart(2, '0')).join(':')
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${time}`
}
