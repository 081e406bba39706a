import { afterAll, beforeAll, expect, it } from 'vitest'

import { converse } from '../harness/conversation.ts'
import { type RecordedMessage, RecordingSink } from '../harness/recording-sink.ts'
import { type LogLine, Replay } from '../harness/replay.ts'
import {
  escapeBytes,
  maskText,
  readTranscript,
  type SmtpTransaction,
  type TranscriptCase,
} from '../harness/transcript.ts'
import { DELIVERY_BY_DESIGN } from './transcripts/by-design.ts'
import { type Outcome, outcomeOf, queueIdOf, recordedOutcome } from './transcripts/outcome.ts'
import { type CaseSettings, tableFiles } from './transcripts/settings.ts'

const LOCALHOST = '127.0.0.1'
const { cases } = readTranscript('delivery')

// As the titles say, beside what all have.
const SETTINGS: Readonly<Record<string, CaseSettings>> = {
  'qmgr-q6': { qmqpd: {}, cleanup: { always_bcc: 'archive@example.org' } },
  'qmgr-q9': { qmqpd: { content_filter: 'discard:[127.0.0.1]:10025' }, cleanup: {} },
  'qmgr-q11': {
    qmqpd: {},
    cleanup: { header_checks: 'regexp:$config_directory/header_checks' },
  },
  'qmgr-q12': { qmqpd: { smtputf8_autodetect_classes: 'all' }, cleanup: {} },
}

interface DeliveryOutcome extends Outcome {
  readonly delivered: readonly SmtpTransaction[]
}

let sink: RecordingSink
let replay: Replay

beforeAll(async () => {
  sink = await RecordingSink.listen({ keywords: ['8BITMIME', 'SMTPUTF8'] })
  replay = await Replay.open({
    files: tableFiles(readTranscript('checks')),
    // One session a delivery, as if the cases were further apart.
    parameters: { append_dot_mydomain: 'yes', smtp_connection_cache_on_demand: 'no' },
    destination: sink.port,
  })
})

afterAll(async () => {
  await replay.close()
  await sink.close()
})

it.each(cases.map((recorded) => [recorded.id, recorded.title, recorded] as const))(
  '%s: %s',
  async (id, _title, recorded) => {
    const { qmqpd, cleanup } = SETTINGS[id] ?? { qmqpd: {}, cleanup: {} }
    const [service] = await replay.configure(cleanup, [{ host: LOCALHOST, parameters: qmqpd }])
    const difference = DELIVERY_BY_DESIGN[id]
    const expected = difference === undefined ? asRecorded(recorded) : instead(recorded, difference)
    const outcome = await play(recorded, service!.port, Object.values(expected.log).flat().length)
    expect(sorted(outcome), difference?.reason).toEqual(sorted(expected))
    if (difference === undefined) return
    expect(sorted(outcome), 'as recorded after all').not.toEqual(sorted(asRecorded(recorded)))
  },
)

async function play(
  recorded: TranscriptCase,
  port: number,
  linesToExpect: number,
): Promise<DeliveryOutcome> {
  const before = sink.messages.length
  const place = { host: LOCALHOST, port, localAddress: LOCALHOST }
  const conversation = await converse(place, recorded.steps)
  const logged = await replay.settled((lines) => lines.length >= linesToExpect)
  const notificationId = notificationIn(logged)
  const lines = logged.map(({ tag, text }) => ({ tag, text: withOneId(text, notificationId) }))
  const played = { recorded, conversation, lines: sameSizes(lines), hasClientAttributes: false }
  const outcome = await outcomeOf(replay, played)
  const delivered = sink.messages
    .slice(before)
    .map((one) => transaction(one, lines))
    .map(({ data, ...one }) => ({ ...one, data: startOf(withOneId(data, notificationId)) }))
  return { ...outcome, delivered }
}

function asRecorded(recorded: TranscriptCase): DeliveryOutcome {
  return { ...withWordsOfSink(recordedOutcome(recorded)), delivered: deliveredThen(recorded) }
}

function instead(
  recorded: TranscriptCase,
  { instead }: (typeof DELIVERY_BY_DESIGN)[string],
): DeliveryOutcome {
  const delivered = deliveredThen(recorded)
  return { ...withWordsOfSink(recordedOutcome(recorded, instead)), delivered }
}

function deliveredThen({ delivered_by_smtp: all = [] }: TranscriptCase): SmtpTransaction[] {
  return all.map((one) => ({ ...one, data: startOf(one.data) }))
}

/** Of notifications, whose wording is our own, no more than the header. */
function startOf(data: string): string {
  if (!data.startsWith('Received: by ')) return data
  const [header = ''] = data.split('This is a MIME-encapsulated message.')
  return header.replace(/boundary="[^"]*"/, 'boundary="<BOUNDARY>"')
}

function notificationIn(lines: readonly LogLine[]): string | undefined {
  const ids = lines.flatMap(({ text }) => /notification: (\w+)$/.exec(text)?.[1] ?? [])
  return ids[0]
}

/** The recordings have one mask for all queue ids. */
function withOneId(text: string, notificationId: string | undefined): string {
  if (notificationId === undefined) return text
  const own = text.replace(new RegExp(`\\d{14}(?=\\.${notificationId})`), '<YYYYMMDDHHMMSS>')
  return own.replaceAll(notificationId, '<QID>')
}

/** The destination of the recordings had other words. */
function withWordsOfSink(outcome: Outcome): Outcome {
  const { smtp } = outcome.log
  if (smtp === undefined) return outcome
  const lines = smtp.map((line) => line.replace('(250 ok)', '(250 2.0.0 ok)'))
  return { ...outcome, log: { ...outcome.log, smtp: lines } }
}

/** Deliveries side by side, and the messages that cause each other, come in any order. */
function sorted(outcome: DeliveryOutcome): DeliveryOutcome {
  const { log, delivered } = outcome
  const lines = Object.entries(log).map(([program, lines]) => [
    program,
    lines.map((line) => line.replace(/(?<=from=<>, size=)\d+/, '<SIZE>')).toSorted(),
  ])
  return {
    ...outcome,
    log: Object.fromEntries(lines),
    delivered: delivered.toSorted((one, other) => (one.mail < other.mail ? -1 : 1)),
  }
}

function transaction(
  { mail, recipients, data }: RecordedMessage,
  lines: readonly LogLine[],
): SmtpTransaction {
  const id = queueIdOf(lines)
  const { configDirectory } = replay
  const varying = { queueIds: id === undefined ? [] : [id], configDirectory }
  const asUtf8 = (text: string) => Buffer.from(text, 'latin1').toString('utf8')
  return {
    mail: asUtf8(mail),
    rcpt: recipients.map(asUtf8),
    data: maskText(escapeBytes(data), varying),
  }
}

/** Sizes as with queue ids of 11 digits: the messages have theirs twice. */
function sameSizes(lines: readonly LogLine[]): LogLine[] {
  const { length = 0 } = queueIdOf(lines) ?? ''
  const size = (digits: string) => String(Number(digits) - 2 * (length - 11))
  return lines.map(({ tag, text }) => ({ tag, text: text.replace(/(?<= size=)\d+/, size) }))
}
