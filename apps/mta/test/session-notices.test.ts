import { afterEach, describe, expect, it } from 'vitest'

import type { Arrival } from '../harness/destination.ts'
import { Scene } from '../harness/scene.ts'
import { ScriptedServer, type ScriptStep } from '../harness/scripted-server.ts'

const OK: ScriptStep = ['send', '250 2.0.0 ok']
const NOT_UNDERSTOOD: readonly ScriptStep[] = [
  ...[['send', '220 mx ESMTP'], ['expect', 'EHLO'], OK, ['expect', 'MAIL']],
  ...[['send', '501 5.5.4 what?'], ['expect', 'RSET'], OK, ['expect', 'QUIT']],
]

let scene: Scene
let server: ScriptedServer
afterEach(async () => {
  server.close()
  await scene.close()
})

async function open(
  parameters: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  server = await ScriptedServer.listen([NOT_UNDERSTOOD])
  const transport_maps = `inline:{ odd.example=smtp:[127.0.0.1]:${server.port} }`
  scene = await Scene.open({ parameters: { transport_maps, ...parameters }, files })
  await scene.submit(['user@odd.example'])
  await scene.posthouse.logged(/: sender non-delivery notification: /)
}

function arrivedFor(recipient: string): Arrival[] {
  return scene.arrivals.filter((one) => one.recipient === recipient)
}

describe('a server that is out of step', () => {
  it('C-110: is told of to the postmaster, before the sender is told', async () => {
    await open({ notify_classes: 'protocol', error_notice_recipient: 'errors@example.org' })
    await expect.poll(() => scene.arrivals.length).toBe(2)
    const notice = scene.arrivals.find(({ recipient }) => recipient === 'errors@example.org')
    const text = String(notice?.content)
    expect(text).toContain(`errors from 127.0.0.1[127.0.0.1]:${server.port}\n`)
    expect(text.split('\n').filter((line) => line.startsWith(' '))).toEqual([
      ...[' In:  220 mx ESMTP', ' Out: EHLO mx.example.com', ' In:  250 2.0.0 ok'],
      ...[' Out: MAIL FROM:<sender@example.org>', ' In:  501 5.5.4 what?'],
      ...[' Out: RSET', ' In:  250 2.0.0 ok', ' Out: QUIT'],
    ])
    const { log } = scene.posthouse
    const queued = log.findIndex((line) => line.includes('from=<double-bounce@mx.example.com>'))
    expect(queued).toBeGreaterThan(0)
    expect(queued).toBeLessThan(log.findIndex((line) => line.includes('from=<>')))
  })

  it('C-110: is not told of by default', async () => {
    await open({})
    await expect.poll(() => scene.arrivals.length).toBe(1)
    expect(arrivedFor('sender@example.org')).toHaveLength(1)
    expect(scene.posthouse.log.join('\n')).not.toContain('from=<double-bounce@')
  })

  it('C-108: costs no mail when the notice cannot be queued: that is logged', async () => {
    const header_checks = 'regexp:$config_directory/checks'
    await open(
      { notify_classes: 'protocol', internal_mail_filter_classes: 'notify', header_checks },
      { checks: '/^Subject: .* errors from/ REJECT no such mail\n' },
    )
    await expect.poll(() => scene.arrivals.length).toBe(1)
    const warning = scene.posthouse.log.find((line) => line.includes('postmaster notify'))
    expect(warning).toMatch(
      /\/smtp\[\d+\]: warning: postmaster notify: cannot queue \w+: 5\.7\.1 no such mail$/,
    )
  })
})
