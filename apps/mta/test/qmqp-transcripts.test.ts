import { submitMessage } from '@posthouse/qmqp-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type ConversationResult, converse } from '../harness/conversation.ts'
import { type LogLine, type Parameters, Replay, type ReplayService } from '../harness/replay.ts'
import {
  type HeaderRewriteCase,
  readTranscript,
  type TranscriptCase,
  unescapeBytes,
} from '../harness/transcript.ts'
import { BY_DESIGN, NOT_PLAYED, OTHERWISE } from './transcripts/by-design.ts'
import {
  linesByProgram,
  type Outcome,
  outcomeOf,
  queueIdOf,
  recordedOutcome,
  storedContent,
} from './transcripts/outcome.ts'
import { type CaseSettings, settingsOf, tableFiles } from './transcripts/settings.ts'

const NAMES = ['netstring', 'access', 'envelope', 'content', 'checks', 'errors'] as const
const RECEIVED_LINES = 3

/** A recorded case, and what it needs. */
interface Entry {
  readonly file: string
  readonly recorded: TranscriptCase
  readonly settings: CaseSettings
}

const transcripts = NAMES.map((name) => readTranscript(name))
const entries: Entry[] = NAMES.flatMap((file, at) =>
  transcripts[at]!.cases.filter(({ id }) => NOT_PLAYED[id] === undefined).map((recorded) => ({
    file,
    recorded,
    settings: settingsOf(recorded.config),
  })),
)
// QMQP servers can be there side by side. Another cleanup(8) takes a reload, some need a start.
const phases = Map.groupBy(entries, ({ settings: { cleanup, start } }) =>
  JSON.stringify({ cleanup, start }),
)
const files = tableFiles(...transcripts)

let common: Replay

beforeAll(async () => {
  common = await Replay.open({ files })
})

afterAll(async () => {
  await common.close()
})

describe.each([...phases])('%s', (key, entries) => {
  const titled = entries.map((entry) => [entry.recorded.id, entry.recorded.title, entry] as const)
  const { cleanup, start }: Pick<CaseSettings, 'cleanup' | 'start'> = JSON.parse(key)
  let replay: Replay
  let services: ReadonlyMap<Entry, ReplayService>
  let slow: ReadonlyMap<Entry, Outcome>

  beforeAll(async () => {
    replay = start === undefined ? common : await Replay.open({ files, parameters: start })
    services = await setUp(replay, cleanup, entries)
    slow = await playSideBySide(replay, entries.filter(isSlow), services)
  })

  afterAll(async () => {
    if (start !== undefined) await replay.close()
  })

  it.each(titled)('%s: %s', async (_id, _title, entry) => {
    const outcome = slow.get(entry) ?? (await playAlone(replay, entry, services.get(entry)!))
    check(entry.recorded, outcome)
  })
})

describe('Q-523: header addresses', () => {
  const { cases } = readTranscript<HeaderRewriteCase>('header-rewrite')
  let port: number

  beforeAll(async () => {
    const [service] = await common.configure({}, [{ host: '127.0.0.1', parameters: {} }])
    port = service!.port
  })

  it.each(cases)('$id: $header_in', async ({ header_in, header_out }) => {
    const content = Buffer.concat([unescapeBytes(header_in), Buffer.from('\n\nbody\n')])
    const message = { sender: 's@example.org', recipients: ['r@example.net'], content }
    const verdict = await submitMessage({ host: '127.0.0.1', port }, message)
    const id = /queued as (\w+)/.exec(verdict.text)?.[1] ?? ''
    const lines = await storedContent(common, id)
    expect(lines.slice(RECEIVED_LINES)).toEqual([...header_out, '', 'body'])
  })
})

/** Makes the servers that these cases need. */
async function setUp(
  replay: Replay,
  cleanup: Parameters,
  entries: readonly Entry[],
): Promise<Map<Entry, ReplayService>> {
  const wanted = Map.groupBy(entries, (entry) => JSON.stringify(serviceFor(entry)))
  const services = await replay.configure(
    cleanup,
    [...wanted.keys()].map((key) => JSON.parse(key)),
  )
  const sharing = [...wanted.values()]
  return new Map(services.flatMap((service, at) => sharing[at]!.map((entry) => [entry, service])))
}

function serviceFor(entry: Entry): Omit<ReplayService, 'port'> {
  const { recorded, settings } = entry
  const host = recorded.client?.includes(':') ? '::1' : '127.0.0.1'
  // Others are played at the same time: its lines are to be known.
  const tag = isSlow(entry) ? { syslog_name: recorded.id } : {}
  return { host, parameters: { ...settings.qmqpd, ...tag } }
}

/** The server waits, or the client does. */
function isSlow({ recorded: { reply, config = '' } }: Entry): boolean {
  return reply.seconds_until_end !== undefined || config.includes('qmqpd_error_delay=')
}

async function playAlone(
  replay: Replay,
  { file, recorded }: Entry,
  service: ReplayService,
): Promise<Outcome> {
  const conversation = await converseAs(replay, recorded, service)
  const counts = possibleOutcomes(recorded).map(({ log }) => countLines(log))
  const lines = await replay.settled(
    (lines) => lines.some(isDisconnect) && counts.includes(countLines(linesByProgram(lines))),
  )
  const hasClientAttributes = file === 'access'
  return outcomeOf(replay, { recorded, conversation, lines, hasClientAttributes })
}

async function playSideBySide(
  replay: Replay,
  entries: readonly Entry[],
  services: ReadonlyMap<Entry, ReplayService>,
): Promise<Map<Entry, Outcome>> {
  if (entries.length === 0) return new Map()
  const conversations = await Promise.all(
    entries.map((entry) => converseAs(replay, entry.recorded, services.get(entry)!)),
  )
  const expected = entries.flatMap(({ recorded }) => possibleOutcomes(recorded).slice(0, 1))
  const total = expected.reduce((sum, { log }) => sum + countLines(log), 0)
  const all = await replay.settled((lines) => lines.length >= total)
  const outcomes = entries.map(async (entry, at) => {
    const { file, recorded } = entry
    const lines = linesOf(recorded.id, all)
    const conversation = conversations[at]!
    const hasClientAttributes = file === 'access'
    const played = { recorded, conversation, lines, hasClientAttributes }
    return [entry, await outcomeOf(replay, played)] as const
  })
  return new Map(await Promise.all(outcomes))
}

function converseAs(
  replay: Replay,
  recorded: TranscriptCase,
  { host, port, parameters }: ReplayService,
): Promise<ConversationResult> {
  const { client = '127.0.0.1', steps } = recorded
  const tag = `${parameters['syslog_name'] ?? 'postfix'}/qmqpd`
  // A client that leaves after a pause leaves when the server has come so far.
  const { qmqpd } = recordedOutcome(recorded).log
  const before = qmqpd!.findIndex((text) => text.includes(': lost connection '))
  const isThere = (lines: readonly LogLine[]) =>
    lines.filter((line) => line.tag === tag).length >= before
  const place = { host, port, localAddress: client }
  return converse(place, steps, () => replay.logged(isThere))
}

/** What the server with this name, and cleanup for its client, have logged. */
function linesOf(name: string, all: readonly LogLine[]): LogLine[] {
  const own = all.filter(({ tag }) => tag === `${name}/qmqpd`)
  const id = queueIdOf(own)
  return all.filter(
    (line) => own.includes(line) || (id !== undefined && line.text.includes(`${id}: `)),
  )
}

function countLines(log: Outcome['log']): number {
  return Object.values(log).flat().length
}

function isDisconnect({ text }: LogLine): boolean {
  return text.startsWith('disconnect from ')
}

/** What may happen; more than one where the recording tells of a race. */
function possibleOutcomes(recorded: TranscriptCase): Outcome[] {
  const difference = BY_DESIGN[recorded.id]
  if (difference !== undefined) return [recordedOutcome(recorded, difference.instead)]
  const others = OTHERWISE[recorded.id] ?? []
  return [{}, ...others].map((instead) => recordedOutcome(recorded, instead))
}

function check(recorded: TranscriptCase, outcome: Outcome): void {
  const [expected, ...others] = possibleOutcomes(recorded)
  const difference = BY_DESIGN[recorded.id]
  if (others.length > 0) expect([expected, ...others]).toContainEqual(outcome)
  else expect(outcome, difference?.reason).toEqual(expected)
  if (difference === undefined) return
  expect(outcome, 'as recorded after all').not.toEqual(recordedOutcome(recorded))
}
