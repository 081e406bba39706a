// Measures posthouse and Postfix in one run, alternately, with the same load and the same sink.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { runClientAlone } from './client-alone.ts'
import { freePort } from './free-port.ts'
import {
  type Load,
  runOwnSource,
  runQmqpSource,
  startOwnSink,
  startSmtpSink,
  waitForPort,
} from './load.ts'
import type { MailSystem } from './mail-system.ts'
import { type Measurement, measure } from './measure.ts'
import { postfixIsInstalled, startPostfix } from './postfix.ts'
import { startPosthouse } from './posthouse.ts'
import { formatHeading, formatMeasurement, formatRatio, median, ratio } from './report.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '3000' },
    sessions: { type: 'string', default: '20' },
    bytes: { type: 'string', default: '2048' },
    rounds: { type: 'string', default: '9' },
    'warm-up': { type: 'string', default: '8' },
    // Deliveries to the sink side by side; empty: as many as either system thinks fit.
    concurrency: { type: 'string', default: '' },
  },
})
const load: Load = {
  messages: Number(values.messages),
  sessions: Number(values.sessions),
  messageBytes: Number(values.bytes),
}
const rounds = Number(values.rounds)
const warmUp = Number(values['warm-up'])
const { concurrency } = values
const parameters =
  concurrency === '' ? '' : `default_destination_concurrency_limit = ${concurrency}\n`
const withPostfix = postfixIsInstalled()
const source = withPostfix ? runQmqpSource : runOwnSource

const directory = mkdtempSync(join(tmpdir(), 'posthouse-bench-'))
chmodSync(directory, 0o755) // Postfix's daemons are not root.
const startSink = withPostfix ? startSmtpSink : startOwnSink
const sink = startSink(await freePort(), join(directory, 'sink.count'))
await waitForPort(sink.port)
const systems: MailSystem[] = []
try {
  await run()
} finally {
  for (const system of systems) await system.stop()
  sink.stop()
  rmSync(directory, { recursive: true, maxRetries: 3 })
}

async function run(): Promise<void> {
  const { messages, messageBytes, sessions } = load
  console.log(
    `${rounds} rounds after ${warmUp} to warm up, each ${messages} messages of ` +
      `${messageBytes} bytes over ${sessions} sessions, with fsync`,
  )
  if (withPostfix) {
    const version = execFileSync('postconf', ['-d', '-h', 'mail_version'], { encoding: 'latin1' })
    console.log(`beside Postfix ${version.trim()}; load qmqp-source, sink smtp-sink`)
    const theirs = join(directory, 'postfix')
    systems.push(await startPostfix(theirs, await freePort(), sink.port, parameters))
  } else {
    console.log(
      'Postfix is not here, or this is not root: posthouse alone, with our own load and sink.' +
        '\nTo compare, as root: apt-get install postfix (choose "No configuration").',
    )
  }
  const owner = withPostfix ? 'postfix' : ''
  const ours = join(directory, 'posthouse')
  systems.push(await startPosthouse(ours, await freePort(), sink.port, owner, parameters))
  for (const { qmqpPort } of systems) await waitForPort(qmqpPort)
  if (concurrency !== '') runClientAlone(sink.port, load, Number(concurrency))
  console.log(formatHeading())
  printSummary(await measureRounds())
}

async function measureRounds(): Promise<Map<MailSystem, Measurement[]>> {
  const results = new Map(systems.map((system) => [system, [] as Measurement[]]))
  for (let round = 1 - warmUp; round <= rounds; round++) {
    for (const [system, measurements] of results) {
      const measurement = await measure(system, sink, load, source)
      const name = round > 0 ? `${system.name}, round ${round}` : `${system.name}, warm-up`
      console.log(formatMeasurement(name, measurement))
      if (round > 0) measurements.push(measurement)
    }
  }
  return results
}

function printSummary(results: ReadonlyMap<MailSystem, Measurement[]>): void {
  const medians = [...results].map(([system, all]) => ({ name: system.name, median: median(all) }))
  for (const { name, median } of medians) console.log(formatMeasurement(`${name}, median`, median))
  const [postfix, posthouse] = [...results.values()]
  if (postfix === undefined || posthouse === undefined) return
  // Of each round, since the machine changes its speed from one to the next.
  const ratios = posthouse.map((own, round) => ratio(own, postfix[round] ?? own))
  console.log(formatRatio('posthouse / postfix', median(ratios)))
}
