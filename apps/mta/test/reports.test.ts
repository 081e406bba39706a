import { afterAll, beforeAll, expect, it } from 'vitest'

import { masterCfFor } from '../harness/configuration.ts'
import { isNotification, readNotification } from '../harness/notification.ts'
import { Scene } from '../harness/scene.ts'
import { sendmail } from '../harness/submitting.ts'

const LETTER = 'From: a@x.example\nSubject: tea\n\nAt five.\n'

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open({
    masterCf: (port) => `${masterCfFor(port)}gone unix - - n - - error\n`,
    parameters: {
      transport_maps:
        'inline:{ {bin.example = discard:for it}' +
        ' {moved.example = gone:5.1.6 ask ann} {later.example = retry:later, maybe} }',
    },
  })
  scene.destination.refuse((recipient) => {
    if (recipient.startsWith('bad')) return { code: 550, text: '5.1.1 no such user' }
    return recipient.startsWith('busy') ? { code: 450, text: '4.2.1 later' } : undefined
  })
})
afterAll(() => scene.close())

/** Hands a message in. @returns what its sender, who is in no other message, is told. */
async function told(sender: string, args: readonly string[], count = 1) {
  await sendmail(scene.directory, ['-f', sender, ...args], LETTER)
  const arrived = () => scene.arrivals.filter(({ recipient }) => recipient === sender)
  await expect.poll(arrived, { timeout: 20_000 }).toHaveLength(count)
  const all = await Promise.all(arrived().filter(isNotification).map(readNotification))
  return all.map(({ subject, reports }) => ({
    subject,
    reports: reports
      .map((one) => `${one.get('Final-Recipient')} ${one.get('Action')} ${one.get('Status')}`)
      .sort(),
  }))
}

function arrivals(recipient: string): number {
  return scene.arrivals.filter((one) => one.recipient === recipient).length
}

it('F-77: sendmail -bv reports what could be delivered, and nothing is', async () => {
  const recipients = ['good1@r.example', 'bad1@r.example', 'busy1@r.example']
  expect(await told('bv@s.example', ['-bv', ...recipients])).toEqual([
    {
      subject: 'Mail Delivery Status Report',
      reports: [
        'rfc822; bad1@r.example undeliverable 5.1.1',
        'rfc822; busy1@r.example undeliverable 4.2.1',
        'rfc822; good1@r.example deliverable 2.0.0',
      ],
    },
  ])
  expect(arrivals('good1@r.example')).toBe(0)
  await scene.posthouse.logged(/to=<good1@r\.example>.*status=deliverable \(250 /)
  await scene.posthouse.logged(/to=<busy1@r\.example>.*status=undeliverable \(host /)
})

it('F-77: sendmail -v delivers, and reports all that came of it', async () => {
  const recipients = ['good2@r.example', 'bad2@r.example']
  const all = await told('v@s.example', ['-v', ...recipients], 2)
  expect(all.sort((one, other) => (one.subject < other.subject ? -1 : 1))).toEqual([
    {
      subject: 'Mail Delivery Status Report',
      reports: ['rfc822; bad2@r.example failed 5.1.1', 'rfc822; good2@r.example relayed 2.0.0'],
    },
    {
      subject: 'Undelivered Mail Returned to Sender',
      reports: ['rfc822; bad2@r.example failed 5.1.1'],
    },
  ])
  expect(arrivals('good2@r.example')).toBe(1)
})

it('RFC 3461: NOTIFY=SUCCESS has a delivery reported, NOTIFY=NEVER a failure not', async () => {
  expect(await told('n@s.example', ['-N', 'success', 'good3@r.example'])).toEqual([
    {
      subject: 'Successful Mail Delivery Report',
      reports: ['rfc822; good3@r.example relayed 2.0.0'],
    },
  ])
  await sendmail(
    scene.directory,
    ['-f', 'never@s.example', '-N', 'never', 'bad3@r.example'],
    LETTER,
  )
  await scene.posthouse.logged(/to=<bad3@r\.example>.*status=bounced/)
  await scene.posthouse.logged(/removed$/)
  await expect.poll(() => scene.posthouse.log.at(-1)).toMatch(/: removed$/)
  expect(arrivals('never@s.example')).toBe(0)
})

it('S-95: discard(8) reports a delivery, and error(8) a failure, with the words of the table', async () => {
  const args = ['-N', 'success,failure', 'r@bin.example', 'r@moved.example', 'r@later.example']
  const all = await told('last@s.example', args, 2)
  expect(all.flatMap(({ reports }) => reports).sort()).toEqual([
    'rfc822; r@bin.example delivered 2.0.0',
    'rfc822; r@moved.example failed 5.1.6',
  ])
  const said = (recipient: string) => scene.posthouse.logged(new RegExp(`to=<${recipient}>`))
  expect(await said('r@bin.example')).toMatch(/\/discard\[.*relay=none, .*status=sent \(for it\)$/)
  expect(await said('r@moved.example')).toMatch(/\/error\[.*status=bounced \(ask ann\)$/)
  expect(await said('r@later.example')).toMatch(/dsn=4\.0\.0, status=deferred \(later, maybe\)$/)
})
