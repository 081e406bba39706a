import { beforeAll, describe, expect, it } from 'vitest'

import { type ComparedSystem, compare } from '../harness/compared-systems.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePorts } from '../harness/posthouse.ts'
import { SmtpSink } from '../harness/smtp-sink.ts'
import { until } from '../harness/until.ts'
import { ANNOUNCED, LOST, REFUSED, type SinkCase, SLOW } from './sink-cases.ts'

const hasPeers = process.getuid?.() === 0 && peersInstalled('postfix', 'smtp-sink')

const CASES: readonly SinkCase[] = [...REFUSED, ...LOST, ...SLOW, ...ANNOUNCED]

/** What became of the mail of one case. */
interface Course {
  /** Of each message: relay, status and reason, as the log has them. */
  readonly results: readonly string[]
  /** What the sink saw of it. */
  readonly taken: readonly string[]
}

/** Sends the mail of all cases at once, and of those with more than one message the others then. */
async function coursesOf(system: ComparedSystem, ports: readonly number[]): Promise<Course[]> {
  const switches = new Map(CASES.map((one, at) => [ports[at]!, one.switches]))
  const sinks = await SmtpSink.startAll(switches)
  try {
    for (const round of [1, 2]) {
      const due = CASES.map(({ messages = 1 }) => Math.min(messages, round))
      const sending = CASES.map(({ text, messages = 1 }, at) =>
        messages < round ? undefined : system.submit([`r@c${at}.test`], 's@example.org', text),
      )
      await Promise.all(sending)
      const missing = () => {
        const results = resultsIn(system.logText())
        return CASES.filter((_, at) => (results.get(at)?.length ?? 0) < due[at]!)
      }
      await until(
        () => missing().length === 0,
        () => `${system.name}: nothing became of ${JSON.stringify(missing())}`,
      )
    }
    const results = resultsIn(system.logText())
    return sinks.map((sink, at) => ({ results: results.get(at) ?? [], taken: takenBy(sink) }))
  } finally {
    await Promise.all(sinks.map((sink) => sink.stop()))
  }
}

/** By case. */
function resultsIn(log: string): Map<number, string[]> {
  const results = new Map<number, string[]>()
  for (const [, at, rest = ''] of log.matchAll(/: to=<r@c(\d+)\.test>, (.* status=.*)/g)) {
    const before = results.get(Number(at)) ?? []
    const masked = rest.replace(/ delays?=[^ ]*/g, '').replace(/(?<=queued as )\w+/, 'N')
    results.set(Number(at), [...before, masked])
  }
  return results
}

/** The sizes differ with the length of the queue id. */
function takenBy(sink: SmtpSink): string[] {
  return sink.taken().map((line) => line.replace(/ SIZE=\d+/, ' SIZE=N'))
}

describe.runIf(hasPeers)('smtp-sink with each of its switches, beside smtp(8) of Postfix', () => {
  let ours: readonly Course[]
  let theirs: readonly Course[]

  beforeAll(async () => {
    const ports = await freePorts(CASES.length)
    const services = CASES.map(({ agent = 'smtp', options = '' }, at) => {
      return `c${at} unix - - n - - ${agent} ${options}\n`
    })
    const routes = ports.map((port, at) => `c${at}.test=c${at}:[127.0.0.1]:${port}`)
    const parameters = {
      transport_maps: `inline:{ ${routes.join(', ')}, example.org=discard: }`,
      smtp_tls_security_level: 'none',
    }
    const all = { services: `${services.join('')}discard unix - - n - - discard\n`, parameters }
    const result = await compare({ ...all, manager: 'qmgr', processLimit: 5 }, (system) =>
      coursesOf(system, ports),
    )
    ours = result.ours
    theirs = result.theirs
  }, 120_000)

  it.each(
    CASES.map(({ switches, status, options = '', text = '' }, at) => {
      const size = text.length > 1000 ? ', a large message' : ''
      const title = `${switches.join(' ')}${options === '' ? '' : ' with options'}${size}`
      return { at, title, status }
    }),
  )('C-92: $title: $status, for the same reason', ({ at, status }) => {
    expect(ours[at]).toEqual(theirs[at])
    expect(theirs[at]?.results.at(-1)).toContain(` status=${status} (`)
  })
})
