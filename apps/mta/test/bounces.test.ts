import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'

import { countQueueFiles, masterCfFor } from '../harness/configuration.ts'
import type { Refusal } from '../harness/destination.ts'
import { isNotification, type ReadNotification, readNotification } from '../harness/notification.ts'
import { freePort, runCommand } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

const ALL_DIRECTORIES = [
  ...['incoming', 'active', 'deferred', 'hold', 'corrupt', 'maildrop'],
  ...['bounce', 'defer', 'trace'],
]
const QUICK = {
  minimal_backoff_time: '1s',
  maximal_backoff_time: '1s',
  queue_run_delay: '1s',
}
const NO_SUCH_USER = { code: 550, text: '5.1.1 no such user' }

let scene: Scene
afterEach(() => scene.close())

/** Waits until nothing is left, status logs included; a file that moves may not be seen at once. */
async function emptyQueue(): Promise<void> {
  const files = () =>
    [1, 2, 3].map(() => countQueueFiles(scene.directory, ALL_DIRECTORIES)).join(' ')
  await expect.poll(files, { timeout: 30_000, interval: 100 }).toBe('0 0 0')
}

function notifications(): Promise<ReadNotification[]> {
  return Promise.all(scene.arrivals.filter(isNotification).map(readNotification))
}

/** Says for each recipient, by the word that it begins with, how it is refused. */
function refuse(refusals: Readonly<Record<string, Refusal>>): void {
  scene.destination.refuse((recipient) => refusals[/^\w+/.exec(recipient)?.[0] ?? ''])
}

/** Lines about deliveries, without what varies. */
function deliveries(): string[] {
  const lines = scene.posthouse.log.filter((line) => line.includes(': to=<'))
  return lines.map((line) =>
    line
      .replace(/^.* postfix\/(\w+)\[\d+\]: \w+: /, '$1: ')
      .replace(/relay=.*? dsn/, 'dsn')
      .replace(/\[127\.0\.0\.1\]:\d+/g, '[127.0.0.1]:PORT')
      .replace(/\(250 .*\)/, '(250)'),
  )
}

function reported({ reports }: ReadNotification): string[] {
  return reports.map((report) => {
    const value = (name: string) => report.get(name)?.replace(/^rfc822; /, '')
    return `${value('Final-Recipient')} ${value('Action')} ${value('Status')}`
  })
}

it('S-30: sent, refused, deferred, dead and expired: each is logged, and told if due', async () => {
  const deadPort = await freePort()
  scene = await Scene.open({
    parameters: {
      ...QUICK,
      maximal_queue_lifetime: '5s',
      bounce_queue_lifetime: '5s',
      delay_warning_time: '1s',
      transport_maps: `inline:{ dead.example=smtp:[127.0.0.1]:${deadPort} }`,
    },
  })
  const later = { code: 450, text: '4.2.0 later' }
  refuse({ refused: NO_SUCH_USER, deferred: later, expired: later })
  const names = ['sent@a', 'refused@a', 'deferred@a', 'host@dead', 'expired@a']
  await scene.submit(names.map((name) => `${name}.example`))
  await scene.posthouse.logged(/sender delay notification/)
  refuse({ refused: NO_SUCH_USER, expired: later })
  await scene.posthouse.logged(/status=expired, returned to sender$/)
  await emptyQueue()

  const lines = deliveries()
  const said = 'said: 550 5.1.1 no such user (in reply to RCPT TO command))'
  const refused = `connect to 127.0.0.1[127.0.0.1]:PORT: Connection refused`
  expect(lines).toContain('smtp: to=<sent@a.example>, dsn=2.0.0, status=sent (250)')
  expect(lines).toContain(
    `smtp: to=<refused@a.example>, dsn=5.1.1, status=bounced (host 127.0.0.1[127.0.0.1] ${said}`,
  )
  expect(lines).toContain(`smtp: to=<host@dead.example>, dsn=4.4.1, status=deferred (${refused})`)
  expect(lines).toContain('smtp: to=<deferred@a.example>, dsn=2.0.0, status=sent (250)')
  const final = lines.filter((line) => /status=(sent|bounced)/.test(line))
  expect(final.filter((line) => line.includes('a.example'))).toHaveLength(3)
  const log = scene.posthouse.log.join('\n')
  expect(log.match(/status=expired, returned to sender/g)).toHaveLength(1)

  const told = await notifications()
  expect(told.map(({ to, subject }) => `${to}: ${subject}`)).toEqual([
    'sender@example.org: Undelivered Mail Returned to Sender',
    'sender@example.org: Delayed Mail (still being retried)',
    'sender@example.org: Undelivered Mail Returned to Sender',
  ])
  const [failed, delayed, expired] = told.map((one) => reported(one).sort())
  expect(failed).toEqual(['refused@a.example failed 5.1.1'])
  expect(delayed).toEqual([
    'deferred@a.example delayed 4.2.0',
    'expired@a.example delayed 4.2.0',
    'host@dead.example delayed 4.4.1',
  ])
  expect(expired).toEqual(['expired@a.example failed 4.2.0', 'host@dead.example failed 4.4.1'])
  expect(told[0]?.original).toMatchObject({ type: 'message/rfc822' })
  expect(told[0]?.original.text).toMatch(/^Return-Path: <sender@example\.org>\n.*\n\nbody\n$/s)
  expect(told[1]?.original.type).toBe('text/rfc822-headers')
}, 60_000)

describe('a bounce that is refused', () => {
  it('F-65, F-68: goes to the postmaster as a double bounce, and there it stops', async () => {
    scene = await Scene.open({
      parameters: {
        notify_classes: '2bounce',
        '2bounce_notice_recipient': 'postmaster@example.org',
      },
    })
    refuse({ nobody: NO_SUCH_USER, sender: NO_SUCH_USER })
    await scene.submit(['nobody@a.example'])
    await scene.posthouse.logged(/postmaster non-delivery notification/)
    await emptyQueue()
    const [double, ...others] = await notifications()
    expect(others).toEqual([])
    expect(double).toMatchObject({ to: 'postmaster@example.org' })
    expect(double && reported(double)).toEqual(['sender@example.org failed 5.1.1'])
    expect(double?.original.text).toContain('\nSubject: Undelivered Mail Returned to Sender\n')

    refuse({ nobody: NO_SUCH_USER, sender: NO_SUCH_USER, postmaster: NO_SUCH_USER })
    await scene.submit(['nobody@b.example'])
    const discarded = /undeliverable postmaster notification discarded$/
    await scene.posthouse.logged(discarded)
    await emptyQueue()
    expect(scene.arrivals.filter(isNotification)).toHaveLength(1)
  }, 60_000)

  it('F-65: ends there, if nobody wants to know', async () => {
    scene = await Scene.open()
    refuse({ nobody: NO_SUCH_USER, sender: NO_SUCH_USER })
    await scene.submit(['nobody@a.example'])
    await scene.posthouse.logged(/to=<sender@example\.org>.*status=bounced/)
    await emptyQueue()
    expect(scene.arrivals).toEqual([])
  }, 60_000)
})

it.each(['bounce', 'defer'])(
  'S-91: without the service %s mail stays in the queue',
  async (name) => {
    scene = await Scene.open({
      masterCf: (port) =>
        masterCfFor(port)
          .split('\n')
          .filter((line) => !line.startsWith(`${name} `))
          .join('\n'),
      parameters: { maximal_queue_lifetime: '0', bounce_queue_lifetime: '0' },
    })
    const refusal = name === 'bounce' ? NO_SUCH_USER : { code: 450, text: '4.2.0 later' }
    refuse({ nobody: refusal })
    await scene.submit(['nobody@a.example'])
    if (name === 'bounce') {
      await scene.posthouse.logged(
        /dsn=4\.3\.0, status=deferred \(bounce or trace service failure\)/,
      )
      // It is too old already: what is in the defer log is told.
      await scene.posthouse.logged(/sender non-delivery notification/)
      return
    }
    await scene.posthouse.logged(/: status=deferred \(bounce failed\)$/)
    await expect.poll(() => countQueueFiles(scene.directory, ['deferred'])).toBe(1)
    expect(countQueueFiles(scene.directory, ['defer'])).toBe(0)
  },
)

it('S-32, S-15: what postsuper -f expires is returned with the reason why it waited', async () => {
  scene = await Scene.open()
  refuse({ busy: { code: 450, text: '4.2.0 later' } })
  await scene.submit(['busy@a.example'])
  await scene.posthouse.logged(/status=deferred/)
  await expect.poll(() => countQueueFiles(scene.directory, ['deferred'])).toBe(1)
  const conf = join(scene.directory, 'conf')
  expect(await runCommand('-c', conf, 'postsuper', '-f', 'ALL')).toMatchObject({ status: 0 })
  await runCommand('-c', conf, 'flush')
  await scene.posthouse.logged(/status=force-expired, returned to sender$/)
  await emptyQueue()
  const told = await notifications()
  expect(told.map(reported)).toEqual([['busy@a.example failed 4.2.0']])
  expect(deliveries().filter((line) => line.includes('busy@'))).toHaveLength(1)
})

it('S-19: mail whose content is damaged on the disk is set aside', async () => {
  scene = await Scene.open({ parameters: QUICK })
  refuse({ busy: { code: 450, text: '4.2.0 later' } })
  await scene.submit(['busy@a.example'], `${'x'.repeat(70)}\n`.repeat(2000))
  await scene.posthouse.logged(/status=deferred/)
  await scene.posthouse.stop()
  const entries = readdirSync(join(scene.directory, 'queue/deferred'), {
    recursive: true,
    withFileTypes: true,
  })
  const file = entries.find((entry) => entry.isFile())!
  const path = join(file.parentPath, file.name)
  const bytes = readFileSync(path)
  bytes.writeUInt8(1, bytes.indexOf('x'.repeat(70), 100_000) - 2) // The type of a record.
  const { mode } = statSync(path)
  writeFileSync(path, bytes, { mode })
  refuse({})
  await scene.restart()
  await runCommand('-c', join(scene.directory, 'conf'), 'flush')
  await scene.posthouse.logged(/saving corrupt file "\w+" from queue "active" to queue "corrupt"/)
  await expect.poll(() => countQueueFiles(scene.directory, ['corrupt'])).toBe(1)
  expect(scene.arrivals).toEqual([])
})

it('S-34: with confirm_delay_cleared the sender hears of a delivery that was delayed', async () => {
  const parameters = { ...QUICK, delay_warning_time: '1s', confirm_delay_cleared: 'yes' }
  scene = await Scene.open({ parameters })
  refuse({ busy: { code: 450, text: '4.2.0 later' } })
  await scene.submit(['busy@a.example'])
  await scene.posthouse.logged(/sender delay notification/)
  refuse({})
  await scene.posthouse.logged(/sender delivery status notification/)
  await emptyQueue()
  expect((await notifications()).map(reported)).toEqual([
    ['busy@a.example delayed 4.2.0'],
    ['busy@a.example relayed 2.0.0'],
  ])
})

it('S-25: mail to the double bounce address of this host is discarded', async () => {
  scene = await Scene.open({ parameters: { mydestination: '$myhostname' } })
  await scene.submit(['Double-Bounce@mx.example.com'])
  const line = await scene.posthouse.logged(/to=<Double-Bounce@mx\.example\.com>/)
  expect(line).toMatch(/\/qmgr\[.* relay=none, .* dsn=2\.0\.0, status=sent /)
  expect(line).toMatch(/\(undeliverable postmaster notification discarded\)$/)
  await emptyQueue()
})

describe('mail that the mail system makes', () => {
  const CHECKED = {
    ...QUICK,
    header_checks: 'regexp:{{/^Subject: Undelivered/ REJECT not that}}',
    always_bcc: 'archive@example.org',
    sender_bcc_maps: 'static:archive@example.org',
  }

  it('is neither checked nor copied', async () => {
    scene = await Scene.open({ parameters: CHECKED })
    refuse({ nobody: NO_SUCH_USER })
    await scene.submit(['nobody@a.example'])
    await scene.posthouse.logged(/sender non-delivery notification/)
    await emptyQueue()
    const to = scene.arrivals.filter(isNotification).map(({ recipient }) => recipient)
    expect(to).toEqual(['sender@example.org'])
  })

  it('F-67: is checked for internal_mail_filter_classes; refused, it is tried again', async () => {
    const parameters = { ...CHECKED, internal_mail_filter_classes: 'bounce' }
    scene = await Scene.open({ parameters })
    refuse({ nobody: NO_SUCH_USER })
    await scene.submit(['nobody@a.example'])
    const failed = await scene.posthouse.logged(/bounce service failure: .*not that$/)
    await scene.posthouse.logged(/: status=deferred \(bounce failed\)$/)
    await scene.posthouse.waitFor(
      () => scene.posthouse.log.filter((line) => line.endsWith('(bounce failed)'))[1],
      () => `no second attempt after ${failed}`,
    )
    expect(scene.arrivals.filter(isNotification)).toEqual([])
    expect(scene.posthouse.log.filter((line) => line.includes('to=<nobody@'))).toHaveLength(1)
  })
})

it('G-118, F-78: a bounce template and postmaster copies are as configured', async () => {
  scene = await Scene.open({
    parameters: {
      notify_classes: 'bounce',
      bounce_notice_recipient: 'boss@example.org',
      bounce_template_file: '$config_directory/bounce.cf',
      bounce_size_limit: '10',
      enable_threaded_bounces: 'yes',
    },
    files: {
      'bounce.cf': 'failure_template = <<EOF\nSubject: Alas\n\nNo luck at $myhostname.\nEOF\n',
    },
  })
  refuse({ nobody: NO_SUCH_USER })
  await scene.submit(['nobody@a.example'], 'Message-ID: <one@x.example>\nSubject: x\n\nbody\n')
  await scene.posthouse.logged(/postmaster non-delivery notification/)
  await emptyQueue()
  for (const { content } of scene.arrivals) {
    expect(String(content)).toContain(
      '\nReferences: <one@x.example>\nIn-Reply-To: <one@x.example>\n',
    )
  }
  const told = new Map((await notifications()).map((one) => [one.to, one]))
  expect(told.get('sender@example.org')).toMatchObject({
    subject: 'Alas',
    text: expect.stringContaining('No luck at mx.example.com.'),
    original: { type: 'text/rfc822-headers' },
  })
  expect(told.get('boss@example.org')).toMatchObject({
    subject: 'Postmaster Copy: Undelivered Mail',
    text: expect.not.stringContaining('No luck'),
  })
})
