import { afterEach, describe, expect, it } from 'vitest'

import { Scene } from '../harness/scene.ts'
import { sendmail } from '../harness/submitting.ts'

const MESSAGE = 'Subject: secret\n\nthe body\n'
const ARGUMENTS = ['-O', 'requiretls=yes', '-f', 'sender@example.org', 'a@example.com']

let scene: Scene

afterEach(() => scene.close())

async function deliver(parameters: Readonly<Record<string, string>>): Promise<string> {
  scene = await Scene.open({ parameters })
  const { stderr, status } = await sendmail(scene.directory, ARGUMENTS, MESSAGE)
  expect([status, stderr]).toEqual([0, ''])
  return scene.posthouse.logged(/to=<a@example\.com>.*status=/)
}

describe('sendmail -O requiretls=yes', () => {
  it('C-159, F-71: comes back where TLS is not what it has to be, without its body', async () => {
    const line = await deliver({ smtp_requiretls_policy: 'enforce' })
    expect(line).toMatch(
      /relay=none, .*dsn=5\.7\.10, status=bounced \(Sender requested REQUIRETLS, /,
    )
    await scene.posthouse.logged(/to=<sender@example\.org>.*status=sent/)
    const [notice] = scene.arrivals
    expect(String(notice?.content)).toContain('Subject: secret')
    expect(String(notice?.content)).not.toContain('the body')
  })

  it('C-159: is an offer to a relay that is named by its address, by default', async () => {
    expect(await deliver({})).toContain('status=sent')
    expect(scene.arrivals).toHaveLength(1)
    const told = /: Sender requested REQUIRETLS, but .*'none' disables encryption/
    expect(await scene.posthouse.logged(told)).toContain('(policy: opportunistic)')
  })

  it('C-159: is overlooked with requiretls_enable = no', async () => {
    const parameters = { smtp_requiretls_policy: 'enforce', requiretls_enable: 'no' }
    expect(await deliver(parameters)).toContain('status=sent')
  })
})
