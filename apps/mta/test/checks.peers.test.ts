import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { cleanupOutcome, comparableLog } from '../harness/cleanup-outcome.ts'
import { masterCfThatKeeps } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { Scene } from '../harness/scene.ts'
import { actionMessages, type CheckMessage, checkTables, otherMessages } from './check-messages.ts'

const installed = peersInstalled('postfix', 'postcat', 'postlog')
const asRoot = process.getuid?.() === 0
const PATIENCE_MS = 300_000

const COMMON = { myhostname: 'mail.example.com', mydestination: 'mail.example.com, localhost' }
const STRICT = {
  strict_8bitmime: 'yes',
  strict_mime_encoding_domain: 'yes',
  mime_nesting_limit: '3',
  mime_boundary_length_limit: '2',
  message_reject_characters: String.raw`\1`,
  message_strip_characters: String.raw`\a\0`,
}
const LIMITS = {
  body_checks_size_limit: '40',
  line_length_limit: '512',
  header_size_limit: '1000',
  content_filter: 'always:[127.0.0.1]:10026',
  info_log_address_format: 'internal',
  always_bcc: 'all@example.org',
}

describe.runIf(installed && asRoot)('Q-540 to Q-556: checks side by side with Postfix', () => {
  let tables: string
  beforeAll(() => {
    tables = mkdtempSync(join(tmpdir(), 'checks-'))
    execFileSync('chmod', ['755', tables])
    for (const [name, text] of Object.entries(checkTables())) {
      writeFileSync(join(tables, name), text)
    }
    // postcat(1) wants one of its own.
    writeFileSync(join(tables, 'main.cf'), 'compatibility_level = 3.6\n')
  })
  afterAll(() => rmSync(tables, { recursive: true }))

  const all = () =>
    Object.fromEntries(
      Object.keys(checkTables()).map((name) => [name, `regexp:${join(tables, name)}`]),
    )
  const headerChecksAlone = () => ({ header_checks: `regexp:${join(tables, 'header_checks')}` })

  it.each<[string, () => Readonly<Record<string, string>>, () => CheckMessage[]]>([
    ['each action in each place', () => all(), actionMessages],
    ['orders, envelopes, structures', () => all(), otherMessages],
    ['strict', () => ({ ...all(), ...STRICT }), otherMessages],
    ['strict, no table', () => STRICT, otherMessages],
    ['limits, a content filter', () => ({ ...all(), ...LIMITS }), otherMessages],
    ['without MIME', () => ({ ...all(), disable_mime_input_processing: 'yes' }), otherMessages],
    ['header_checks for all headers', headerChecksAlone, otherMessages],
    [
      'switched off',
      () => ({ ...all(), ...STRICT, receive_override_options: 'no_header_body_checks' }),
      otherMessages,
    ],
    [
      'tables that fail',
      () => ({ ...headerChecksAlone(), mime_header_checks: 'fail:m', body_checks: 'fail:b' }),
      otherMessages,
    ],
  ])(
    '%s',
    async (_, parameters, messages) => {
      const set = { ...COMMON, ...parameters() }
      const relayhost = `[127.0.0.1]:${await freePort()}`
      const scene = await Scene.open({
        parameters: { ...set, relayhost, qmqpd_error_delay: '0' },
        masterCf: masterCfThatKeeps,
      })
      const postfix = await QueueingPostfix.start(set)
      try {
        for (const [name, message] of messages()) {
          const ours = await cleanupOutcome(scene, message, tables)
          const theirs = await cleanupOutcome(postfix, message, tables)
          expect.soft(ours, name).toEqual(theirs)
        }
        const ours = () => comparableLog(scene.posthouse.log)
        await expect.poll(ours).toEqual(comparableLog(postfix.logText().split('\n')))
      } finally {
        await postfix.stop()
        await scene.close()
      }
    },
    PATIENCE_MS,
  )
})
