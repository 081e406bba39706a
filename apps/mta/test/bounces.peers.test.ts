import { spawnSync } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'

import { isNotification } from '../harness/notification.ts'
import { peersInstalled } from '../harness/peers.ts'
import { freePort } from '../harness/posthouse.ts'
import { Scene } from '../harness/scene.ts'

// Reads a message as strictly as it can, and prints what each part is.
const PARSER = `
import sys, email, email.policy
policy = email.policy.strict.clone(raise_on_defect=True)
message = email.message_from_binary_file(sys.stdin.buffer, policy=policy)
for part in message.walk():
    for name, value in part.items():
        if getattr(value, 'defects', ()):
            raise ValueError(f'{name}: {value.defects}')
    print(part.get_content_type())
    if part.get_content_type() == 'message/delivery-status':
        for group in part.get_payload():
            print(', '.join(f'{name}={value}' for name, value in group.items()))
`

let scene: Scene
afterEach(() => scene.close())

/** Five recipients, of which two fail for good, and a third when a notification is refused. */
async function submitAll(): Promise<void> {
  const deadPort = await freePort()
  scene = await Scene.open({
    parameters: {
      delay_warning_time: '1s',
      minimal_backoff_time: '1s',
      queue_run_delay: '1s',
      maximal_backoff_time: '1s',
      maximal_queue_lifetime: '4s',
      bounce_queue_lifetime: '4s',
      notify_classes: 'bounce, delay, 2bounce',
      bounce_notice_recipient: 'bounces@example.org',
      delay_notice_recipient: 'delays@example.org',
      '2bounce_notice_recipient': 'postmaster@example.org',
      transport_maps: `inline:{ dead.example=smtp:[127.0.0.1]:${deadPort} }`,
    },
  })
  scene.destination.refuse((recipient) =>
    recipient.startsWith('refused') || recipient.startsWith('unreachable')
      ? { code: 550, text: '5.1.1 no such user; ünknown \t "here"' }
      : undefined,
  )
  const text = 'Subject: t\xe9st\nMessage-ID: <a@b>\n\nb\xf6dy without line end'
  const names = ['one@a', 'two@a', 'refused1@a', '"refused 2"@a', 'host@dead']
  await scene.submit(
    names.map((name) => `${name}.example`),
    text,
  )
  await scene.submit(['refused3@a.example'], text, 'unreachable@example.org')
  await scene.posthouse.logged(/status=expired, returned to sender$/)
  const kinds = [
    'sender non-delivery',
    'sender delay',
    'postmaster non-delivery',
    'postmaster delay',
  ]
  for (const kind of kinds) await scene.posthouse.logged(new RegExp(`${kind} notification`))
  const removed = () => scene.posthouse.log.filter((line) => line.endsWith(': removed')).length
  const accepted = () => scene.posthouse.log.filter((line) => line.includes('message-id=')).length
  await expect.poll(() => accepted() - removed(), { timeout: 20_000 }).toBe(0)
}

describe.skipIf(!peersInstalled('python3'))("with Python's strictest parser", () => {
  it('RFC 3464, RFC 6522: each notification has no defect, and all its parts', async () => {
    await submitAll()
    const told = scene.arrivals.filter(isNotification)
    expect(told.length).toBeGreaterThan(6)
    for (const { content } of told) {
      const { stdout, stderr } = spawnSync('python3', ['-c', PARSER], {
        input: content,
        encoding: 'utf8',
      })
      expect(stderr, String(content)).toBe('')
      const lines = stdout.trim().split('\n')
      expect(lines.slice(0, 3)).toEqual([
        'multipart/report',
        'text/plain',
        'message/delivery-status',
      ])
      expect(lines[3]).toMatch(/^Reporting-MTA=dns; mx\.example\.com, X-Postfix-Queue-ID=/)
      expect(lines[4]).toMatch(/^Final-Recipient=rfc822; \S.*, Status=[45]\.\d\.\d, /)
      // Of a notification that is returned there are its own parts, too.
      expect(lines.slice(5).join(' ')).toMatch(/\b(message\/rfc822|text\/rfc822-headers)\b/)
    }
  }, 60_000)
})

describe.skipIf(!peersInstalled('pflogsumm'))('with pflogsumm', () => {
  it('counts what was delivered, deferred and bounced as the log has it', async () => {
    await submitAll()
    const { log } = scene.posthouse
    const count = (status: string) =>
      log.filter((line) => line.includes(`status=${status} (`)).length
    const { stdout } = spawnSync('pflogsumm', [], {
      input: `${log.join('\n')}\n`,
      encoding: 'utf8',
    })
    const total = (name: string) => new RegExp(`^ *(\\d+) +${name}\\b`, 'm').exec(stdout)?.[1]
    expect(count('bounced')).toBeGreaterThan(3)
    expect(count('sent')).toBeGreaterThan(6)
    expect(total('delivered')).toBe(String(count('sent')))
    expect(total('bounced')).toBe(String(count('bounced')))
    const deferrals = /deferred +\((\d+) +deferrals\)/.exec(stdout)?.[1]
    expect(deferrals).toBe(String(count('deferred')))
    expect(total('deferred')).toBe('1')
  }, 60_000)
})
