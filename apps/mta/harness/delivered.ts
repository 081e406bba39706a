import type { RecordedMessage } from './recording-sink.ts'

/** A message at its destination, in the form in which two mail systems are compared. */
export interface Delivered {
  readonly id: string
  /** MAIL; of SIZE, the length of the queue ids in the message is taken off. */
  readonly mail: string
  /** RCPT, sorted; those of several transactions together. */
  readonly recipients: readonly string[]
  /** One octet a character; queue id, dates and the stamp of the message id masked. */
  readonly data: string
}

const DATE =
  /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [ \d]?\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000 \(UTC\)/g
const OWN_ID = /^Received: .*\r\n\tby \S+ \(.*\) with QMQP(?:\r\n\t| )id (\w+)/

/** What arrived, a transaction each, but one for those of a message that only differ in RCPT. */
export function deliveredMessages(messages: readonly RecordedMessage[]): Delivered[] {
  const merged = new Map<string, Delivered>()
  for (const message of messages) {
    const next = delivered(message)
    const key = `${next.id} ${next.mail} ${next.data}`
    const before = merged.get(key)
    const recipients = [...(before?.recipients ?? []), ...next.recipients].sort()
    merged.set(key, { ...next, recipients })
  }
  return [...merged.values()].sort((one, other) => Number(one.mail > other.mail) - 0.5)
}

function delivered(message: RecordedMessage): Delivered {
  const { mail, recipients, data } = message
  const id = queueIdIn(message)
  const pieces = data.toString('latin1').split(id)
  const masked = pieces
    .join('<QID>')
    .replace(DATE, '<DATE>')
    .replace(/\d{14}\.(?=<QID>)/g, '')
  const idBytes = (pieces.length - 1) * id.length
  const size = (_: string, digits: string) => ` SIZE=${Number(digits) - idBytes}`
  return { id, mail: mail.replace(/ SIZE=(\d+)/, size), recipients, data: masked }
}

/** The queue id that the sender of a message gave it, as our `Received:` or Postfix's shows it. */
export function queueIdIn({ data }: RecordedMessage): string {
  return OWN_ID.exec(data.toString('latin1', 0, 8192))?.[1] ?? '(none)'
}

/** What a log in Postfix's form tells about deliveries. */
export class DeliveryLog {
  #read = 0
  readonly #wanted = new Map<string, number>()
  readonly #tried = new Map<string, string[]>()
  /** Postfix logs no more than 2000 bytes a line: with long addresses this alone tells. */
  readonly #removed = new Set<string>()

  /** @param text The whole log so far. */
  read(text: string): void {
    const lines = text.slice(this.#read, text.lastIndexOf('\n') + 1)
    this.#read += lines.length
    for (const [, id = '', count] of lines.matchAll(/: (\w+): from=<.*nrcpt=(\d+) /g)) {
      this.#wanted.set(id, Number(count))
    }
    for (const [, id = ''] of lines.matchAll(/: (\w+): removed$/gm)) this.#removed.add(id)
    for (const [, id = '', line = ''] of lines.matchAll(/: (\w+): (to=<.* status=.*)/g)) {
      const tried = this.#tried.get(id) ?? []
      tried.push(line)
      this.#tried.set(id, tried)
    }
  }

  /** Those of the queue ids that do not have a result for each recipient. */
  untried(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      if (this.#removed.has(id)) return false
      const wanted = this.#wanted.get(id)
      return wanted === undefined || (this.#tried.get(id)?.length ?? 0) < wanted
    })
  }

  /** Address, status code and text of each recipient that was not delivered to, sorted. */
  failures(id: string): string[] {
    const lines = this.#tried.get(id) ?? []
    return lines
      .filter((line) => !line.includes('status=sent'))
      .map((line) => {
        const [, to, dsn, text] =
          /^(to=<.*?>), .*dsn=\d(\S+), status=\w+ \((.*)\)$/.exec(line) ?? []
        return `${to} ${dsn} ${text}`
      })
      .sort()
  }
}
