import { type DeliveryLogRecord, deliverySpansMs, showsOriginal } from './delivery-line.ts'
import type { LogEntry } from './log-entry.ts'
import type { EventFields, LogFields } from './log-fields.ts'
import type { EntrySink, LogSink } from './log-sink.ts'
import { printable } from './printable.ts'

const MAX_FIELD_BYTES = 2000

type Facts = Readonly<Record<string, string | number | readonly number[] | undefined>>

/**
 * Writes each entry as one JSON object and LF (`log_format = json`; Postfix has nothing like it):
 * `time` (ISO 8601, UTC), `host`, `tag`, `process`, `pid`, `level`, then the fields of the event,
 * then `message`, the text of the line without the word for the severity. The README lists the
 * fields. Strings are made printable as the text is, and cut after 2000 bytes: a byte that is not
 * UTF-8 is `?`, because readers of JSON disagree about lone surrogates.
 */
export function jsonLines(sink: LogSink): EntrySink {
  return {
    log: (entries) => sink.write(`${entries.map(jsonOf).join('\n')}\n`),
    close: () => sink.close?.(),
  }
}

function jsonOf({ source, timeMs, severity, text, fields }: LogEntry): string {
  const { host, tag, process, processId } = source
  return JSON.stringify({
    time: new Date(timeMs).toISOString(),
    host,
    tag,
    process,
    pid: processId,
    level: severity,
    ...(fields && factsOf(fields)), // What is undefined, JSON leaves out.
    message: text,
  })
}

function factsOf(fields: LogFields): Facts {
  return 'times' in fields ? deliveryFacts(fields) : eventFacts(fields)
}

function eventFacts(fields: EventFields): Facts {
  return {
    event: fields.event,
    queue_id: fields.queueId,
    client_name: safe(fields.clientName),
    client_address: fields.clientAddress,
    message_id: safe(fields.messageId),
    from: safe(fields.from),
    size: fields.size,
    nrcpt: fields.recipientCount,
    to: safe(fields.to),
    relay: safe(fields.relay),
    reason: safe(fields.reason),
  }
}

function deliveryFacts(record: DeliveryLogRecord): Facts {
  const { delayMs, partsMs } = deliverySpansMs(record.times)
  return {
    event: 'delivery',
    queue_id: record.queueId,
    to: safe(record.recipient),
    orig_to: showsOriginal(record) ? safe(record.originalRecipient) : undefined,
    relay: safe(record.relay),
    conn_use: record.connUse ?? 1,
    delay: seconds(delayMs),
    delays: partsMs.map(seconds),
    tls: record.tls,
    dsn: record.status,
    status: record.action,
    reason: safe(record.text),
  }
}

function safe(text: string | undefined): string | undefined {
  return text === undefined ? undefined : printable(text, MAX_FIELD_BYTES)
}

/** To the millisecond; never below 0. */
function seconds(spanMs: number): number {
  return Math.max(0, Math.round(spanMs)) / 1000
}
