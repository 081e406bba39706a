import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { Scene } from '../harness/scene.ts'
import { certificatePath } from '../harness/secure-destination.ts'
import { until } from '../harness/until.ts'

const hasPeers = process.getuid?.() === 0 && peersInstalled('postfix')
const SUMMARY = /: Verified TLS connection established to 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: (.*)$/

const SERVER = {
  smtpd_tls_cert_file: certificatePath('good.pem'),
  smtpd_tls_key_file: certificatePath('good.key'),
  smtpd_tls_security_level: 'may',
  smtpd_tls_loglevel: '1',
  smtpd_relay_restrictions: 'permit_mynetworks, reject',
}
const CLIENT = { smtp_tls_CAfile: certificatePath('ca.pem'), smtp_tls_loglevel: '1' }

function serverServices(port: number, options: string): string {
  return `127.0.0.1:${port} inet n - n - - smtpd ${options}\ntlsmgr unix - - n 1000? 1 tlsmgr\n`
}

describe.skipIf(!hasPeers).each([
  ['TLS 1.3', ''],
  ['TLS 1.2', '-o smtpd_tls_protocols=<=TLSv1.2'],
  ['TLS 1.3 on P-256', '-o tls_eecdh_auto_curves=prime256v1'],
  ['no PIPELINING', '-o smtpd_discard_ehlo_keywords=pipelining'],
])("smtpd of Debian's Postfix with %s", (_, options) => {
  let postfix: QueueingPostfix
  let port: number

  beforeAll(async () => {
    port = await freePort()
    postfix = await QueueingPostfix.start(SERVER, serverServices(port, options))
  })
  afterAll(() => postfix?.stop())

  it('C-153: takes our mail over TLS, and both log the same of it', async () => {
    const relayhost = `[127.0.0.1]:${port}`
    const policy = `inline:{{${relayhost} = secure match=mx.tls.test}}`
    const scene = await Scene.open({
      parameters: { ...CLIENT, relayhost, smtp_tls_policy_maps: policy },
    })
    try {
      await scene.submit(['a@example.com'])
      const sent = await scene.posthouse.logged(/to=<a@example\.com>.*status=/)
      expect(sent).toContain('status=sent (250 2.0.0 Ok: queued as')
      const ours = await scene.posthouse.logged(SUMMARY)
      const [, description = ''] = SUMMARY.exec(ours) ?? []
      const theirs = `TLS connection established from localhost[127.0.0.1]: ${description}`
      const isLogged = () => postfix.logText().includes(theirs)
      await until(isLogged, () => `no "${theirs}" in\n${postfix.logText()}`)
    } finally {
      await scene.close()
    }
  })
})
