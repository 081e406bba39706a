import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { converse, qmqpRequest, stepsOf } from '../harness/conversation.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { QueueingPostfix } from '../harness/queueing-postfix.ts'
import { Scene } from '../harness/scene.ts'
import { until } from '../harness/until.ts'
import { strictPath } from '../harness/wire-faults.ts'
import { ATTACKS, placedSequences } from './smuggling-cases.ts'

const installed = peersInstalled('postfix', 'postcat')
const asRoot = process.getuid?.() === 0
const SENDER = 's@example.org'
const RECIPIENT = 'r@example.net'
const AT_ONCE = 20
const latin1 = (text: string) => Buffer.from(text, 'latin1')

describe.runIf(installed && asRoot)('with smtpd of Postfix 3.7 at the other end', () => {
  let postfix: QueueingPostfix
  let scene: Scene
  beforeAll(async () => {
    const port = await freePort()
    // As lenient as it was before bare LF was found to end data.
    const parameters = {
      myhostname: 'receiver.example',
      mydestination: '',
      smtpd_forbid_bare_newline: 'no',
      smtpd_client_event_limit_exceptions: 'static:all',
      alias_maps: '',
      smtpd_relay_restrictions: 'permit_mynetworks, reject',
    }
    const service = `127.0.0.1:${port} inet n - n - - smtpd\n`
    postfix = await QueueingPostfix.start(parameters, service)
    const relayhost = `[127.0.0.1]:${port}`
    const own = { myhostname: 'mail.example.com', mydestination: '', relayhost }
    scene = await Scene.open({ parameters: own })
  })
  afterAll(async () => {
    await scene?.close()
    await postfix?.stop()
  })

  /** Sender and recipients of each message in its queue, a line each, sorted. */
  function received(): string[] {
    const queue = join(postfix.directory, 'queue/incoming')
    const files = readdirSync(queue, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
    const args = ['-c', join(postfix.directory, 'conf'), '-e', ...files]
    const text = files.length === 0 ? '' : execFileSync('postcat', args, { encoding: 'latin1' })
    const envelopes = text.split(/^\*\*\* ENVELOPE RECORDS .*$/m).slice(1)
    const lines = envelopes.map((one) => one.match(/^(?:sender|recipient): .*$/gm)?.join() ?? '')
    return lines.sort()
  }

  it('C-160, C-174: each message arrives once, with its envelope, and nothing else', async () => {
    const contents = placedSequences().filter(({ content }) => content.length < 5000)
    const plain = contents.map(({ content }) => qmqpRequest(latin1(content), SENDER, [RECIPIENT]))
    const odd = ATTACKS.filter(([address, , rcpt]) => rcpt !== undefined && address.length < 500)
    const addressed = odd.map(([address]) => qmqpRequest('\nx\n', SENDER, [latin1(address)]))
    const requests = [...plain, ...addressed].values()
    const work = async () => {
      for (const request of requests) {
        const steps = stepsOf({ writes: [request], ending: 'wait' })
        const { reply } = await converse({ port: scene.port }, steps)
        expect(reply.toString('latin1')).toMatch(/^\d+:K/)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))

    const sent = () => scene.posthouse.log.filter((line) => line.includes('status=sent')).length
    const tried = () => scene.posthouse.log.filter((line) => / status=/.test(line)).length
    const all = plain.length + addressed.length
    await until(
      () => tried() >= all,
      () => `${tried()} of ${all} were tried`,
    )
    expect(sent()).toBe(all)
    const expected = odd.map(([, , rcpt]) => strictPath(`RCPT TO:<${rcpt}>`)?.address)
    const recipients = [...plain.map(() => RECIPIENT), ...expected]
    const envelopes = recipients.map((one) => `sender: ${SENDER},recipient: ${one}`)
    expect(received()).toEqual(envelopes.sort())
  })
})
