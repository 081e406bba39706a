import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Parameter, parameters, transportParameterRows } from '@posthouse/config'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

const PRELOAD = pathToFileURL(join(import.meta.dirname, 'recording/preload.ts')).href
const REFERENCE = /\$\{?([A-Za-z0-9_]+)/g
// What else decides whether there is a start at all.
const ONLY_CHECKED = ['maillog_file_prefixes']
// Read by `logrotate`: log.test.ts; by `postqueue`: postqueue.peers.test.ts; by `sendmail`:
// sendmail.test.ts; for ordinary users: ordinary-users.peers.test.ts.
const OF_COMMANDS = [
  'alternate_config_directories',
  'maillog_file_compressor',
  'maillog_file_rotate_suffix',
  'authorized_flush_users',
  'authorized_mailq_users',
  'authorized_submit_users',
  'command_directory',
  'default_verp_delimiters',
  'fast_flush_domains',
  'flush_service_name',
  'local_login_sender_maps',
  'sendmail_fix_line_endings',
  'showq_service_name',
]

// What other parameters are read only with.
const WITH_EVERYTHING = {
  smtp_use_tls: 'yes',
  smtp_sasl_auth_enable: 'yes',
  smtp_sasl_password_maps: 'inline:{ nobody=user:password }',
  smtp_per_request_deadline: 'yes',
  smtp_generic_maps: 'inline:{ nobody@example.net=elsewhere@example.net }',
  lmtp_use_tls: 'yes',
  lmtp_sasl_auth_enable: 'yes',
  lmtp_sasl_password_maps: 'inline:{ nobody=user:password }',
  lmtp_per_request_deadline: 'yes',
  relocated_maps: 'inline:{ nobody@example.net=elsewhere }',
  sender_dependent_relayhost_maps: 'inline:{ nobody@example.net=[127.0.0.1] }',
  sender_dependent_default_transport_maps: 'inline:{ nobody@example.net=smtp }',
}

/** By name; per-transport ones as `transport_…`, because which transports there are differs. */
const rows = new Map<string, Parameter>([...parameters].filter(([name]) => !isPerTransport(name)))
for (const [suffix, row] of transportParameterRows) rows.set(`transport_${suffix}`, row)

/** What a posthouse read that took a message, delivered it, flushed and started again. */
let read: ReadonlySet<string>

beforeAll(async () => {
  const scene = await Scene.open({ parameters: WITH_EVERYTHING })
  try {
    await scene.posthouse.stop()
    const conf = join(scene.directory, 'conf')
    const file = join(scene.directory, 'recorded')
    process.env['NODE_OPTIONS'] = `--import=${PRELOAD}`
    process.env['RECORDED_PARAMETERS'] = file
    await scene.restart()
    await scene.submit(['r@example.net'])
    await scene.posthouse.logged(/: removed$/)
    expect(await runCommand('-c', conf, 'flush')).toMatchObject({ status: 0 })
    await scene.posthouse.stop()
    const log = join(scene.directory, 'log') // In the background it can only log to a file.
    appendFileSync(join(conf, 'main.cf'), `maillog_file = ${log}\nmaillog_file_prefixes = /\n`)
    expect(await runCommand('-c', conf, 'start')).toMatchObject({ status: 0 })
    expect(await runCommand('-c', conf, 'stop')).toMatchObject({ status: 0 })
    read = new Set(readFileSync(file, 'utf8').trimEnd().split('\n'))
  } finally {
    await scene.close()
  }
})

afterAll(() => {
  delete process.env['NODE_OPTIONS']
  delete process.env['RECORDED_PARAMETERS']
})

it('G-168: what should take effect is read by the program, or by what is read', () => {
  const inUse = new Set([...read, ...ONLY_CHECKED, ...OF_COMMANDS])
  // A set is walked in the order of insertion, what is added on the way included.
  for (const name of inUse) {
    const expression = rows.get(name)?.default ?? ''
    for (const [, other = ''] of expression.matchAll(REFERENCE)) inUse.add(other)
  }
  const effective = [...rows].filter(
    ([, row]) =>
      row.withoutEffect === undefined && row.supportedValues === undefined && !isReadOnly(row),
  )
  expect(effective.length).toBeGreaterThan(100)
  expect(effective.map(([name]) => name).filter((name) => !inUse.has(name))).toEqual([])
})

it('G-168: what the program reads is not said to have no effect', () => {
  const inert = [...rows].filter(([, row]) => row.withoutEffect !== undefined)
  expect(inert.length).toBeGreaterThan(100)
  expect(inert.map(([name]) => name).filter((name) => read.has(name))).toEqual([])
})

function isPerTransport(name: string): boolean {
  const [, suffix = ''] = /^(?:smtp|lmtp|relay|local|virtual|error|retry)_(.+)$/.exec(name) ?? []
  return [...transportParameterRows.keys()].some((known) => known === suffix)
}

function isReadOnly(row: Parameter): boolean {
  return row.type === 'string' && row.readOnly === true
}
