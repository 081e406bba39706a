import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { LogFile } from '../harness/log-file.ts'
import { runCommand } from '../harness/posthouse.ts'
import { Scene, type SceneOptions } from '../harness/scene.ts'
import { until } from '../harness/until.ts'

// What G-158 says of a line in our own file, and what pflogsumm reads of it (G-166).
const LINE =
  /^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d mx postfix\/([a-z-]+)\[\d+\]: (?:(?:warning|error|fatal): )?/
const RECEIVED = /^([0-9A-F]+): client=(.+)$/
const QUEUED = /^([0-9A-F]+): from=<([^>]*)>, size=(\d+), nrcpt=(\d+) \(queue active\)$/
const DELIVERED = new RegExp(
  '^([0-9A-F]+): to=<([^>]*)>, (?:orig_to=<[^>]*>, )?relay=([^,]+), (?:conn_use=\\d+, )?' +
    'delay=([\\d.]+), (?:delays=[\\d./]+, )?(?:dsn=[\\d.]+, )?status=(\\S+) \\((.*)\\)$',
)

let log: LogFile
let scene: Scene | undefined
beforeEach(() => {
  log = new LogFile()
})
afterEach(async () => {
  await scene?.close()
  scene = undefined
  log.remove()
})

async function openWithFile(parameters?: Readonly<Record<string, string>>): Promise<Scene> {
  scene = await log.openScene(parameters)
  return scene
}

async function open(options: SceneOptions): Promise<Scene> {
  scene = await Scene.open(options)
  return scene
}

const mainCf = (scene: Scene) => join(scene.directory, 'conf', 'main.cf')

function reloadWith(scene: Scene, lines: string): void {
  appendFileSync(mainCf(scene), lines)
  scene.posthouse.signal('SIGHUP')
}

/** Sends messages until the answer is true. */
function sendUntil(scene: Scene, isSo: () => boolean, complaint: string): Promise<void> {
  return until(
    async () => {
      await scene.submit(['r@example.net'])
      return isSo()
    },
    () => complaint,
  )
}

it('G-158, G-160, G-166: to a file, in the form that log analysers read', async () => {
  const scene = await openWithFile({ maillog_file_permissions: '0640' })
  await scene.submit(['r@example.net', 's@example.net'])
  await log.contains(': removed\n')
  expect(await scene.posthouse.stop()).toBe(0)
  expect(statSync(log.path).mode & 0o777).toBe(0o640)
  expect(scene.posthouse.log).toEqual([]) // Nothing on standard output.

  for (const line of log.lines()) expect(line).toMatch(LINE)
  const texts = log.lines().map((line) => line.replace(LINE, ''))
  const id = texts.flatMap((text) => RECEIVED.exec(text) ?? [])[1]
  expect(texts.flatMap((text) => QUEUED.exec(text)?.slice(1) ?? [])).toEqual([
    ...[id, 'sender@example.org'],
    ...[expect.stringMatching(/^\d+$/), '2'],
  ])
  const deliveries = texts.flatMap((text) => [DELIVERED.exec(text)?.slice(1)].filter((one) => one))
  const relay = `127.0.0.1[127.0.0.1]:${scene.sinkPort}`
  const rest = [relay, expect.any(String), 'sent', expect.stringMatching(/^250 /)]
  expect(deliveries).toEqual([
    [id, 'r@example.net', ...rest],
    [id, 's@example.net', ...rest],
  ])
  expect(texts.at(-1)).toBe('terminating on signal 15')
})

it.each([
  ['external', '2', '"my name"@example.org', '"odd one"@example.net', /0\.\d/],
  ['internal', '0', 'my name@example.org', 'odd one@example.net', /^[\d/]+$/],
])('G-165, G-163: %s addresses, delays with up to %s digits', async (...parameters) => {
  const [format, digits, sender, recipient, spans] = parameters
  const scene = await openWithFile({
    info_log_address_format: format,
    delay_logging_resolution_limit: digits,
  })
  await scene.submit(['odd one@example.net'], undefined, 'my name@example.org')
  await log.contains(`: to=<${recipient}>, relay=`)
  expect(log.text()).toContain(`: from=<${sender}>, size=`)
  const delays = /, delay=([^,]+), delays=([^,]+), dsn=/.exec(log.text())
  expect(delays?.slice(1).join('/')).toMatch(spans)
})

it('G-158: lines of a service have the syslog_name of its -o', async () => {
  const scene = await openWithFile({ syslog_name: 'outbound' })
  expect(log.text()).toMatch(/ mx outbound\/master\[\d+\]: daemon started/)
  const masterCf = join(scene.directory, 'conf', 'master.cf')
  appendFileSync(masterCf, 'smtp unix - - n - - smtp\n -o syslog_name=postfix/relay\n')
  reloadWith(scene, 'syslog_name = inbound\n')
  await log.contains('reload -- version')
  await scene.submit(['r@example.net'])
  await log.contains(': removed\n')
  expect(log.text()).toMatch(/ mx postfix\/relay\/smtp\[\d+\]: \w+: to=<r@example.net>/)
  expect(log.text()).toMatch(/ mx inbound\/qmgr\[\d+\]: \w+: removed/)
})

it('Q-401: shows what is not ASCII only with smtputf8_enable', async () => {
  const scene = await openWithFile({ smtputf8_enable: 'no' })
  await scene.submit(['r@example.net'], undefined, 'é@example.org')
  await log.contains(': from=<??@example.org>, size=')
  reloadWith(scene, 'smtputf8_enable = yes\n')
  await log.contains('reload -- version')
  await scene.submit(['r@example.net'], undefined, 'é@example.org')
  await log.contains(': from=<é@example.org>, size=')
})

it('G-160: rotation by rename and reload under load loses no line', async () => {
  const scene = await openWithFile()
  const total = 120
  const sending = Array.from({ length: 4 }, async (_, first) => {
    for (let count = first; count < total; count += 4) await scene.submit([`${count}@example.net`])
  })
  for (let round = 0; round < 5; round++) {
    const { length } = log.text()
    await until(
      () => log.text().length > length + 1000,
      () => 'no load',
    )
    renameSync(log.path, `${log.path}.${round}`)
    scene.posthouse.signal('SIGHUP')
    await log.contains('reload -- version')
  }
  await Promise.all(sending)
  const removed = () => log.allText().match(/: removed$/gm)?.length
  await until(
    () => removed() === total,
    () => 'not all was delivered',
  )
  await scene.posthouse.stop()

  const text = log.allText()
  for (const line of text.trimEnd().split('\n')) expect(line).toMatch(LINE)
  for (const kind of [': connect from', 'client=', 'message-id=', 'queue active', 'disconnect']) {
    expect([kind, text.split(kind).length - 1]).toEqual([kind, total])
  }
  const recipients = [...text.matchAll(/: to=<(\d+)@example.net>, .*status=sent/g)]
  expect(new Set(recipients.map(([, count]) => count)).size).toBe(total)
})

it('G-92: logrotate moves the log away, has the mail system go on, and compresses', async () => {
  const scene = await openWithFile({ maillog_file_rotate_suffix: '%Y-rotated' })
  const conf = join(scene.directory, 'conf')
  expect(await runCommand('-c', conf, 'logrotate')).toEqual({ status: 0, output: '' })
  await scene.submit(['r@example.net'])
  await log.contains(': removed\n')
  const year = new Date().getFullYear()
  const old = gunzipSync(readFileSync(`${log.path}.${year}-rotated.gz`)).toString()
  expect(old).toContain('daemon started')
  expect(log.lines()[0]).toContain('reload -- version')

  appendFileSync(mainCf(scene), 'maillog_file_compressor = /no/such/gzip\n')
  const { status, output } = await runCommand('-c', conf, 'logrotate')
  expect(status).toBe(1)
  expect(output).toContain('maillog_file_compressor = /no/such/gzip: cannot compress: ')
  expect(readFileSync(`${log.path}.${year}-rotated`, 'utf8')).toContain(': removed\n')
  const third = await runCommand('-c', conf, 'logrotate')
  expect(third.output).toContain(`mail.log.${year}-rotated exists`)
})

it('G-160: makes a file anew that was removed, without a reload', async () => {
  const scene = await openWithFile()
  unlinkSync(log.path)
  await sendUntil(scene, () => log.text().includes('client='), 'no new log')
})

it('mail goes on while the disk is full, one complaint is made, and the log goes on', async () => {
  const scene = await openWithFile()
  renameSync(log.path, join(log.directory, 'kept'))
  symlinkSync('/dev/full', log.path)
  const complaints = () => scene.posthouse.log.filter((line) => line.includes('cannot log to'))
  await sendUntil(scene, () => complaints().length > 0, 'no complaint')
  const { length } = scene.arrivals
  for (let count = 0; count < 3; count++) await scene.submit(['r@example.net'])
  await until(
    () => scene.arrivals.length >= length + 3,
    () => 'no mail',
  )
  expect(complaints()).toEqual([
    `posthouse: warning: cannot log to ${log.path}, lines are lost until that works: ` +
      'ENOSPC: no space left on device, write',
  ])

  unlinkSync(log.path)
  await sendUntil(scene, () => log.text().includes('client='), 'no log again')
  expect(log.lines()[0]).toMatch(
    /postfix\/postlogd\[\d+\]: warning: \d+ lines of the log were lost: ENOSPC: no space/,
  )
})

it('mail goes on when nobody reads standard output any more', async () => {
  const scene = await open({})
  scene.posthouse.closeOutput()
  const text = 'cannot log to standard output, lines are lost until that works: write EPIPE'
  await sendUntil(scene, () => scene.posthouse.log.at(-1)?.endsWith(text) ?? false, 'no complaint')
  const { length } = scene.arrivals
  await scene.submit(['r@example.net'])
  await until(
    () => scene.arrivals.length > length,
    () => 'no mail',
  )
  expect(await scene.posthouse.stop()).toBe(0)
})

it('says in the old log, and on standard error, that the new one cannot be opened', async () => {
  const scene = await openWithFile()
  renameSync(log.path, join(log.directory, 'old'))
  symlinkSync(join(log.directory, 'no', 'such'), log.path)
  scene.posthouse.signal('SIGHUP')
  const text = /mail\.log: cannot open it again: ENOENT.*"create" of logrotate/
  await scene.posthouse.logged(text)
  unlinkSync(log.path)
  await until(
    () => text.test(log.allText()),
    () => 'nothing in the log',
  )
})

it('a reload leads the log elsewhere, or leaves it where it is when it cannot', async () => {
  const scene = await openWithFile()
  const second = join(log.directory, 'second.log')
  reloadWith(scene, 'maillog_file = /no/such/mail.log\n')
  await log.contains('error: reload: the old configuration stays in force')
  expect(log.text()).toMatch(/error: reload: maillog_file = \/no\/such\/mail.log: cannot open/)
  expect(log.text()).toContain(`${mainCf(scene)}, line `)

  reloadWith(scene, `maillog_file = ${second}\n`)
  await until(
    () => existsSync(second),
    () => 'no second log',
  )
  await scene.submit(['r@example.net'])
  expect(log.text()).not.toContain('client=')
  await until(
    () => log.allText().includes(': removed\n'),
    () => 'not delivered',
  )
})

it('without maillog_file and system log: standard output, and a word on standard error', async () => {
  const { posthouse } = await open({
    parameters: { maillog_file: '', syslog_server: '/no/such/socket' },
  })
  expect(posthouse.log[0]).toBe(
    'posthouse: warning: maillog_file is empty, and there is no system log at /no/such/socket: ' +
      'logging to standard output; set maillog_file = /dev/stdout if that is meant',
  )
  expect(await posthouse.stop()).toBe(0)
  expect(posthouse.log.at(-1)).toContain('terminating on signal 15')
})

it.each([
  ['maillog_file = /dev/stdout', /start needs a file or the system log/],
  ['maillog_file =\nsyslog_server = /no/such/socket', /no system log at \/no\/such\/socket/],
])('start refuses what would log nowhere: %s', async (lines, problem) => {
  const scene = await open({})
  await scene.posthouse.stop()
  appendFileSync(mainCf(scene), `${lines}\n`)
  const { status, output } = await runCommand('-c', join(scene.directory, 'conf'), 'start')
  expect(status).toBe(1)
  expect(output).toMatch(problem)
})

it.each([
  ['maillog_file =\nlog_format = json', /log_format = json: syslog has a form of its own/],
  ['maillog_file =\nsyslog_server = a:b:c', /invalid syslog_server: "a:b:c"/],
  ['maillog_file =\nsyslog_server = loghost:70000', /invalid syslog_server: "loghost:70000"/],
  ['log_format = xml', /invalid log_format: "xml"/],
  ['maillog_file = /etc/passwd', /does not match any prefix in maillog_file_prefixes/],
])('refuses to start with %s, and says where that is', async (lines, problem) => {
  const scene = await open({})
  await scene.posthouse.stop()
  appendFileSync(mainCf(scene), `${lines}\n`)
  const { status, output } = await runCommand('-c', join(scene.directory, 'conf'), 'start-fg')
  expect(status).toBe(1)
  expect(output).toMatch(problem)
  expect(output).toMatch(/main\.cf, line \d+: .*: expected /)
})

it('G-44: what ends a start is in the log as well as on standard error', async () => {
  const scene = await openWithFile()
  const conf = join(scene.directory, 'conf')
  const { status, output } = await runCommand('-c', conf, 'start-fg')
  expect(status).toBe(1)
  const text = 'fatal: the Postfix mail system is already running'
  expect(output).toContain(`posthouse: ${text}`)
  expect(log.text()).toMatch(new RegExp(`mx postfix/master\\[\\d+\\]: ${text}`))
})
