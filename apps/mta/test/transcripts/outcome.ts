// What is compared of a case: as it was recorded, and as it is now.
import type { ConversationResult } from '../../harness/conversation.ts'
import { findQueueFile, type QueueFile, readQueueFile } from '../../harness/queue-file-records.ts'
import type { LogLine, Replay } from '../../harness/replay.ts'
import {
  type ConnectionEnd,
  escapeBytes,
  maskRecord,
  maskText,
  type QueuedMessage,
  type RecordText,
  type TranscriptCase,
  type Varying,
} from '../../harness/transcript.ts'
import { until } from '../../harness/until.ts'

export interface Outcome {
  readonly reply: string
  readonly end: ConnectionEnd
  /** For how long the client waited for the end, at least. */
  readonly seconds: number
  /** Lines of each program that logged: their order among each other is chance. */
  readonly log: Readonly<Record<string, readonly string[]>>
  /** The form of the queue id, if there was one. */
  readonly queueId: 'short' | 'long' | undefined
  readonly queued: readonly QueuedMessage[]
}

const CLIENT_ATTRIBUTES = /^(create_time|log_\w+|client_\w+|protocol_name)=/

/** As recorded, with what `instead` says of it. */
export function recordedOutcome(
  { reply, log, queued, config = '' }: TranscriptCase,
  instead: Partial<Outcome> = {},
): Outcome {
  const hasId = log.some((line) => line.includes(': <QID>: client='))
  const queueId = config.includes('enable_long_queue_ids=yes') ? 'long' : 'short'
  return {
    reply: reply.text,
    end: endAnyway(reply.connection_end),
    seconds: reply.seconds_until_end ?? 0,
    log: linesByProgram(
      log.map((line) => {
        const [tag = '', text = ''] = line.split(/: (.*)/s)
        return { tag, text }
      }),
    ),
    queueId: hasId ? queueId : undefined,
    queued: queued.map((message) => ({ extracted: [], ...message })),
    ...instead,
  }
}

/** A case that was played. */
export interface Played {
  readonly recorded: TranscriptCase
  readonly conversation: ConversationResult
  /** What was logged because of it. */
  readonly lines: readonly LogLine[]
  /** Whether recordings of its file have the attributes of the client. */
  readonly hasClientAttributes: boolean
}

/** What happened, in the form of the recordings. */
export async function outcomeOf(
  replay: Replay,
  { recorded, conversation, lines, hasClientAttributes }: Played,
): Promise<Outcome> {
  const { reply, end, localPort, secondsUntilEnd } = conversation
  const id = queueIdOf(lines)
  const varying: Varying = {
    queueIds: id === undefined ? [] : [id],
    clientPort: localPort,
    configDirectory: replay.configDirectory,
  }
  const file = id === undefined ? undefined : await settledQueueFile(replay.queueDirectory, id)
  const logged = lines.map(({ tag, text }) => ({ tag, text: maskText(text, varying) }))
  return {
    reply: maskText(escapeBytes(reply), varying),
    end: endAnyway(end),
    seconds: Math.min(recorded.reply.seconds_until_end ?? 0, wholeSeconds(secondsUntilEnd)),
    log: linesByProgram(logged),
    queueId: id === undefined ? undefined : formOf(id),
    queued: file === undefined ? [] : [queuedMessage(file, varying, hasClientAttributes)],
  }
}

/** The queue id that a QMQP server gave out. */
export function queueIdOf(lines: readonly LogLine[]): string | undefined {
  return lines.flatMap(({ text }) => /^([0-9A-Za-z]{10,}): client=/.exec(text)?.[1] ?? [])[0]
}

/** The records of a stored message's content, with masks. */
export async function storedContent(replay: Replay, id: string): Promise<string[]> {
  const { queueDirectory, configDirectory } = replay
  const file = await settledQueueFile(queueDirectory, id)
  if (file === undefined) throw new Error(`no queue file ${id}`)
  const { content } = queuedMessage(file, { queueIds: [id], configDirectory }, false)
  return content.map(([, text]) => text)
}

/** Mail is stored in `active`, and goes to `incoming` when there is no room. */
async function settledQueueFile(directory: string, id: string): Promise<QueueFile | undefined> {
  let file: QueueFile | undefined
  const isSettled = () => {
    file = findQueueFile(directory, id)
    return file?.queue !== 'active'
  }
  await until(isSettled, () => `${id} stays in the active queue`)
  return file
}

function formOf(id: string): 'short' | 'long' {
  return /^[0-9A-F]+$/.test(id) ? 'short' : 'long'
}

function queuedMessage(
  { queue, path }: QueueFile,
  varying: Varying,
  hasClientAttributes: boolean,
): QueuedMessage {
  const records = readQueueFile(path)
  const segment = (name: keyof typeof records): RecordText[] =>
    records[name]
      .map(({ type, payload }) => maskRecord(type, payload, name, varying))
      .filter(
        ([type, text]) => hasClientAttributes || type !== 'A' || !CLIENT_ATTRIBUTES.test(text),
      )
  return {
    queue,
    envelope: segment('envelope'),
    content: segment('content'),
    extracted: segment('extracted'),
  }
}

/** Timers of different clocks may differ by some milliseconds. */
function wholeSeconds(seconds: number): number {
  return Math.floor(seconds + 0.05)
}

/** Texts of each program that logged. How many lines debug_peer_list adds is not compared. */
export function linesByProgram(lines: readonly LogLine[]): Outcome['log'] {
  const programs = Map.groupBy(lines, ({ tag }) => tag.slice(tag.lastIndexOf('/') + 1))
  const texts = (lines: readonly LogLine[]) =>
    lines
      .map(({ text }) => text.replace(/: debug: .*/, ': debug: <TEXT>'))
      .filter((text, at, all) => !text.includes(': debug: ') || text !== all[at - 1])
  return Object.fromEntries([...programs].map(([program, lines]) => [program, texts(lines)]))
}

/**
 * The kernel ends a connection with RST when there is input that the server has not read. Which of
 * both a client sees depends on what arrived when; ours reads, so that it is EOF.
 */
function endAnyway(end: ConnectionEnd): ConnectionEnd {
  return end === 'RST' ? 'EOF' : end
}
