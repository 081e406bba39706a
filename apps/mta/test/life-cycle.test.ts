import { execFileSync } from 'node:child_process'
import { appendFileSync, chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'

import { runCommand } from '../harness/posthouse.ts'
import { Scene, type SceneOptions } from '../harness/scene.ts'

let scene: Scene | undefined
afterEach(async () => {
  await scene?.close()
  scene = undefined
})

async function open(options?: SceneOptions): Promise<{ scene: Scene; conf: string }> {
  scene = await Scene.open(options)
  return { scene, conf: join(scene.directory, 'conf') }
}

it('refuses a second instance on the same queue, and knows its status', async () => {
  const { scene, conf } = await open()
  const second = await runCommand('-c', conf, 'start-fg')
  expect(second.status).toBe(1)
  expect(second.output).toContain('fatal: the Postfix mail system is already running')
  const { processId } = scene.posthouse
  const status = await runCommand('-c', conf, 'status')
  expect(status.status).toBe(0)
  expect(status.output).toContain(`the Postfix mail system is running: PID: ${processId}`)

  expect(await scene.posthouse.stop()).toBe(0)
  const after = await runCommand('-c', conf, 'status')
  expect(after.status).toBe(1)
  expect(after.output).toContain('the Postfix mail system is not running')
})

it('G-92: stop and reload need a running system, flush says 69', async () => {
  const { scene, conf } = await open()
  await scene.posthouse.stop()
  for (const command of ['stop', 'reload']) {
    const { status, output } = await runCommand('-c', conf, command)
    expect([command, status]).toEqual([command, 1])
    expect(output).toContain('fatal: the Postfix mail system is not running')
  }
  const flush = await runCommand('-c', conf, 'flush')
  expect(flush.status).toBe(69)
  expect(flush.output).toContain('fatal: Cannot flush mail queue - mail system is down')
})

it('start leaves it running in the background, stop ends it', async () => {
  const { scene, conf } = await open()
  await scene.posthouse.stop()
  const log = join(scene.directory, 'mail.log')
  appendFileSync(join(conf, 'main.cf'), `maillog_file = ${log}\nmaillog_file_prefixes = /\n`)
  const started = await runCommand('-c', conf, 'start')
  expect(started).toMatchObject({ status: 0 })
  const { status, output } = await runCommand('-c', conf, 'status')
  expect(status).toBe(0)
  const environment = readFileSync(`/proc/${/\d+/.exec(output)?.[0]}/environ`, 'latin1')
  expect(environment.split('\0')).toContain('LANG=C') // G-28: import_environment.
  expect(environment).not.toContain('PATH=')
  expect(await scene.submit(['r@example.net'])).toMatchObject({ kind: 'accepted' })
  expect((await runCommand('-c', conf, 'stop')).status).toBe(0)
  expect((await runCommand('-c', conf, 'status')).status).toBe(1)
  const text = readFileSync(log, 'utf8')
  expect(text).toMatch(/postfix\/master\[\d+\]: daemon started -- version .*, configuration /)
  expect(text).toMatch(/postfix\/master\[\d+\]: terminating on signal 15/)
})

it('SIGTERM lets a request that is being received finish, and exits with 0', async () => {
  const { scene } = await open()
  const replies = Array.from({ length: 20 }, () => scene.submit(['r@example.net']))
  const first = await Promise.any(replies)
  scene.posthouse.signal('SIGTERM')
  expect(await scene.posthouse.exited()).toBe(0)
  expect(first.kind).toBe('accepted')
})

it('G-81: SIGHUP takes a new configuration without losing the old sockets', async () => {
  const { scene, conf } = await open()
  appendFileSync(join(conf, 'main.cf'), 'myhostname = new.example.com\n')
  const { status } = await runCommand('-c', conf, 'reload')
  expect(status).toBe(0)
  await scene.posthouse.logged(/master\[\d+\]: reload -- version .*, configuration /)
  await scene.submit(['r@example.net'])
  await scene.posthouse.logged(/: removed$/)
  expect(String(scene.arrivals[0]?.content)).toContain('by new.example.com (Postfix)')
})

it('refuses a broken new configuration with its error and keeps the old one', async () => {
  const { scene, conf } = await open()
  const mainCf = join(conf, 'main.cf')
  const lines = readFileSync(mainCf, 'utf8').split('\n').length
  appendFileSync(mainCf, 'no equals sign\n')
  scene.posthouse.signal('SIGHUP')
  const line = await scene.posthouse.logged(/missing '=' after attribute name/)
  expect(line).toContain(
    `${mainCf}, line ${lines}: missing '=' after attribute name: "no equals sign"`,
  )
  await scene.submit(['r@example.net'])
  await scene.posthouse.logged(/: removed$/)
})

it.each([
  ['qmqpd_timeout = 5x', 'parameter qmqpd_timeout: bad time value or unit: 5x'],
  ['line_length_limit = 40', 'invalid line_length_limit parameter value 40 < 512'],
  ['smtp_tls_security_level = halfdane', 'smtp_tls_security_level'],
  ['non_smtpd_milters = unix:/run/milter.sock', 'non_smtpd_milters'],
])('check refuses %s and says why', async (line, reason) => {
  const { scene, conf } = await open()
  await scene.posthouse.stop()
  appendFileSync(join(conf, 'main.cf'), `${line}\n`)
  const { status, output } = await runCommand('-c', conf, 'check')
  expect(status).toBe(1)
  expect(output).toContain(reason)
  expect(output).toMatch(/^posthouse: fatal: /m)
  expect((await runCommand('-c', conf, 'start-fg')).status).toBe(1)
})

it('names services that it does not have, and parameters that nothing uses or that change nothing', async () => {
  const { scene } = await open({
    parameters: { no_such_parameter: 'x', biff: 'no' },
    masterCf: (port) => `\
127.0.0.1:${port} inet n - n - - qmqpd
smtp inet n - y - - smtpd
local unix - n n - - local
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
smtp unix - - n - - smtp
`,
  })
  const warnings = scene.posthouse.log.filter((line) => line.includes('warning: '))
  expect(warnings.filter((line) => line.includes('"smtpd"'))).toHaveLength(1)
  expect(warnings.filter((line) => line.includes('"local"'))).toHaveLength(1)
  expect(
    warnings.filter((line) => line.includes('unused parameter: no_such_parameter=x')),
  ).toHaveLength(1)
  const noEffect = warnings.filter((line) => line.includes('biff'))
  expect(noEffect).toHaveLength(1)
  expect(noEffect[0]).toMatch(/main\.cf: no effect \(of services that .*\): biff$/)
})

it.runIf(process.getuid?.() === 0)('root binds the port, then is mail_owner for good', async () => {
  const { scene, conf } = await open()
  await scene.posthouse.stop()
  chmodSync(scene.directory, 0o755)
  rmSync(join(scene.directory, 'queue'), { recursive: true }) // It is root's.
  const mainCf = join(conf, 'main.cf')
  const text = readFileSync(mainCf, 'utf8').replace('mail_owner = \n', 'mail_owner = nobody\n')
  writeFileSync(mainCf, text)
  await scene.restart()
  const status = readFileSync(`/proc/${scene.posthouse.processId}/status`, 'latin1')
  const nobody = execFileSync('id', ['-u', 'nobody'], { encoding: 'latin1' }).trim()
  expect(/^Uid:\t(.*)$/m.exec(status)?.[1]).toBe(Array(4).fill(nobody).join('\t'))
  await scene.submit(['r@example.net'])
  await scene.posthouse.logged(/: removed$/)
})
