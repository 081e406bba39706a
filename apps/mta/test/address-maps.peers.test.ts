import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { QmqpSubmission } from '@posthouse/qmqp-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { cleanupOutcome, comparableLog } from '../harness/cleanup-outcome.ts'
import { masterCfThatKeeps } from '../harness/configuration.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { Scene } from '../harness/scene.ts'

const TABLES: Record<string, string> = {
  canonical: `\
c1@e.test c2@e.test
c2@e.test c3
foo@e.test bar
two@e.test t1@e.test, t2@e.test
l1@e.test l2@e.test
l2@e.test l3@e.test
l3@e.test l1@e.test
dom@e.test @other.test
@cat.test @cat2.test
@all.test all@e.test
local L@e.test
quoted@e.test Foo Bar <"q r"@e.test> (c)
"a b"@e.test ab@e.test
none@e.test <>
nothing@e.test ,
`,
  virtual: `\
v@e.test w1@e.test, w2@e.test
w1@e.test x1@e.test
self@e.test self@e.test, other@e.test
ping@e.test pong@e.test
pong@e.test ping@e.test
group@e.test g: a@b.test, b@b.test;
dup@e.test d1@e.test, D1@e.test, d1@e.test
m1@e.test u+zz@e.test
u@e.test final@e.test
short deep@e.test
@vcat.test all@vcat2.test
x+y@e.test xy@e.test
l1@chain.test l2@chain.test
l2@chain.test l3@chain.test
l3@chain.test l4@chain.test
four@e.test f1@e.test, f2@e.test, f3@e.test, f4@e.test
long@e.test ${'z'.repeat(400)}@e.test
sbcc@e.test sbcc2@e.test
commas@e.test , a@b.c,, d@b.c
`,
  bcc: `\
v@e.test rb@e.test
r@e.test c1@e.test
foo@e.test fb+y@e.test
@masq.test masqueraded@x.masq.test
`,
}

// Each is a recipient, a sender, and in headers of both kinds.
const ADDRESSES = `c1@e.test foo@e.test foo+x@e.test two@e.test l1@e.test dom+x@e.test u+x@cat.test
u+x@all.test local local@localhost quoted@e.test none@e.test nothing@e.test v@e.test
V@E.test v+e@e.test self@e.test ping@e.test group@e.test dup@e.test m1+e@e.test
short u+x@vcat.test x+y@e.test
l1@chain.test l2@chain.test l3@chain.test four@e.test long@e.test commas@e.test r@e.test
u@h.masq.test u@no.masq.test root@h.masq.test u@masq.test
user%e.test e.test!user owner-list-x@e.test MAILER-DAEMON s@e.test "x"@e.test a.@e.test`.split(
  /\s+/,
)

const installed = peersInstalled('postfix', 'postcat', 'postlog')
const asRoot = process.getuid?.() === 0

const COMMON = {
  myhostname: 'mail.example.com',
  mydestination: 'mail.example.com, localhost',
  virtual_alias_domains: '',
  recipient_delimiter: '+',
}

describe.runIf(installed && asRoot)('G-54, Q-503: addresses are mapped as by Postfix', () => {
  let tables: string
  beforeAll(() => {
    tables = mkdtempSync(join(tmpdir(), 'address-maps-'))
    execFileSync('chmod', ['755', tables])
    for (const [name, text] of Object.entries(TABLES)) writeFileSync(join(tables, name), text)
  })
  // postcat(1) wants one of its own.
  beforeAll(() => writeFileSync(join(tables, 'main.cf'), 'compatibility_level = 3.6\n'))
  afterAll(() => rmSync(tables, { recursive: true }))

  const table = (name: string) => `texthash:${join(tables, name)}`
  const all = () => ({
    canonical_maps: table('canonical'),
    virtual_alias_maps: table('virtual'),
    masquerade_domains: '!no.masq.test MASQ.test',
    masquerade_exceptions: 'ROOT',
    sender_bcc_maps: 'inline:{s@e.test=sbcc@e.test, x@e.test=never@e.test}',
    recipient_bcc_maps: table('bcc'),
    always_bcc: 'c1@e.test',
  })

  it.each([
    ['as they come', () => all()],
    [
      'with other classes and limits',
      () => ({
        ...all(),
        canonical_classes: 'envelope_recipient, header_sender',
        sender_canonical_maps: 'inline:{s@e.test=s2@e.test, c1@e.test=c3@e.test}',
        recipient_canonical_maps: 'inline:{r@e.test=foo+r@e.test}',
        recipient_canonical_classes: 'header_recipient',
        masquerade_classes: 'envelope_recipient, header_recipient',
        propagate_unmatched_extensions: '',
        virtual_alias_recursion_limit: '3',
        virtual_alias_expansion_limit: '3',
        virtual_alias_address_length_limit: '16',
        enable_original_recipient: 'no',
        append_dot_mydomain: 'yes',
      }),
    ],
    ['without address mappings', () => ({ ...all(), receive_override_options: NO_MAPPINGS })],
    [
      'with tables that fail for headers',
      () => ({ canonical_maps: 'fail:x', ...HEADERS }),
      FAILING,
    ],
    ['with a failing copy', () => ({ sender_bcc_maps: 'fail:x' })],
    [
      'with failing exceptions',
      () => ({ masquerade_domains: 'masq.test', masquerade_exceptions: 'fail:x' }),
      FAILING,
    ],
  ])(
    '%s',
    async (_, parameters, failing?) => {
      const set = { ...COMMON, ...parameters() }
      const relayhost = `[127.0.0.1]:${await freePort()}`
      const scene = await Scene.open({
        parameters: { ...set, relayhost, qmqpd_error_delay: '0' },
        masterCf: masterCfThatKeeps,
      })
      const postfix = await QueueingPostfix.start(set)
      try {
        for (const address of ADDRESSES) {
          const message = messageFor(address)
          const ours = await cleanupOutcome(scene, message, tables)
          const theirs = await cleanupOutcome(postfix, message, tables)
          expect(ours, address).toEqual(theirs)
        }
        if (failing === undefined) {
          const ours = () => comparableLog(scene.posthouse.log)
          await expect.poll(ours).toEqual(comparableLog(postfix.logText().split('\n')))
        }
      } finally {
        await postfix.stop()
        await scene.close()
      }
    },
    120_000,
  )
})

const NO_MAPPINGS = 'no_address_mappings'
// Postfix logs each address that cannot be looked up, we the first.
const FAILING = 'failing'
const HEADERS = { canonical_classes: 'header_recipient' }

function messageFor(address: string): QmqpSubmission {
  const content = Buffer.from(
    `To: A <${address}>, x, ${address} (c)\nReply-To: ${address}\nX-To: ${address}\n\nbody\n`,
  )
  const recipients = [address, address, 'r@e.test', 'v@e.test', 's@e.test']
  return { sender: address, recipients, content }
}
