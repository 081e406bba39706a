import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { memoryLogger } from '@posthouse/mail-log'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { writeConfiguration } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { RewriteClient } from '../harness/rewrite-client.ts'
import { loadConfiguration } from '../src/load-configuration.ts'
import { openResolver } from '../src/resolver.ts'
import { Tables } from '../src/tables.ts'
import { type RoutingCase, routingCase } from './routing-cases.ts'

const installed = peersInstalled('postfix', 'postlog')
const asRoot = process.getuid?.() === 0

const SEED = Number(process.env['ROUTING_SEED'] ?? 6)
const CASES = 40
const QUESTIONS = 25
const FLAG_ERROR = 4
const FLAG_FAIL = 8

const SHARED = {
  compatibility_level: '3.6',
  myhostname: 'mx.example.test',
  mydomain: 'example.test',
  virtual_alias_maps: '',
  virtual_mailbox_domains: 'vmbox.test',
  inet_interfaces: '127.0.0.1',
  inet_protocols: 'ipv4',
}

describe.runIf(installed && asRoot)(
  `as trivial-rewrite(8) of Postfix, ROUTING_SEED=${SEED}`,
  () => {
    const cases = fc.sample(routingCase(QUESTIONS), { seed: SEED, numRuns: CASES })
    let directory: string
    let postfix: QueueingPostfix
    const settings = cases.map((_, at): Record<string, string> => ({ at: String(at) }))

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'routing-'))
      chmodSync(directory, 0o755) // Its programs run as another user.
      for (const [at, each] of cases.entries())
        settings[at] = withTables(each, join(directory, `${at}`))
      postfix = await QueueingPostfix.start(SHARED, settings.map(rewriteService).join(''))
    }, 60_000)
    afterAll(async () => {
      await postfix?.stop()
      rmSync(directory, { recursive: true })
    })

    it.each(cases.map((each, at) => [at, each] as const))(
      'G-142..G-154: with generated tables, case %i',
      async (at, { questions }) => {
        const parameters = { ...SHARED, ...settings[at] }
        const ours = await ourResolver(join(directory, String(at)), parameters)
        const theirs = await RewriteClient.connect(join(postfix.directory, `queue/private/rw${at}`))
        for (const [sender, recipient] of questions) {
          for (const request of ['resolve', 'verify'] as const) {
            const expected = comparable(await theirs.ask(request, sender, recipient))
            const found = await ours(sender, recipient, request)
            const shown = { ...parameters, ...cases[at]?.tables, request, sender, recipient }
            expect(comparable({ ...EMPTY, ...found }), JSON.stringify(shown)).toEqual(expected)
          }
        }
        theirs.close()
      },
      30_000,
    )
  },
)

const EMPTY = { transport: '', nexthop: '' }

interface Answer {
  readonly transport: string
  readonly nexthop: string
  readonly recipient: string
  readonly flags: number
}

/** What counts: where to, unless it goes nowhere. */
function comparable({ transport, nexthop, recipient, flags }: Answer) {
  if ((flags & FLAG_FAIL) !== 0) return { flags }
  if ((flags & FLAG_ERROR) !== 0) return { flags, recipient }
  return { transport, nexthop, recipient, flags }
}

/** Writes the tables of a case; its parameters, with their names. */
function withTables(
  { parameters, tables }: RoutingCase,
  directory: string,
): Record<string, string> {
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  const named = { ...parameters }
  for (const [name, lines] of Object.entries(tables)) {
    if (lines.length === 0) continue
    const path = join(directory, name)
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
    named[name] = `texthash:${path}${parameters[name] ?? ''}`
  }
  return named
}

function rewriteService(parameters: Record<string, string>, at: number): string {
  const options = Object.entries(parameters).map(([name, value]) => `  -o { ${name} = ${value} }\n`)
  return `rw${at} unix - - n - - trivial-rewrite\n${options.join('')}`
}

async function ourResolver(directory: string, parameters: Record<string, string>) {
  writeConfiguration(directory, { port: 1, parameters })
  const past = Date.now() / 1000 - 3600 // Or it waits until nobody writes any more.
  for (const name of ['main.cf', 'master.cf']) utimesSync(join(directory, 'conf', name), past, past)
  const configuration = await loadConfiguration(join(directory, 'conf'))
  return openResolver(configuration, memoryLogger().logger, new Tables(), () => true)
}
