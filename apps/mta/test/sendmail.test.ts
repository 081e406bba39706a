import { chmodSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type DropResult, dropMessage, nodeMaildropFiles } from '@posthouse/postdrop'
import { encodeRecord, RecordType } from '@posthouse/queue-store'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { writeConfiguration } from '../harness/configuration.ts'
import { isNotification, readNotification } from '../harness/notification.ts'
import { runCommand } from '../harness/posthouse.ts'
import { readQueueFile } from '../harness/queue-file-records.ts'
import { Scene, type SceneOptions } from '../harness/scene.ts'
import { COMMAND, runWith, sendmail, spawnSendmail } from '../harness/submitting.ts'
import { triggerService } from '../src/trigger-service.ts'

type RecordText = readonly [type: string, text: string]

interface Vectors {
  readonly submitted: readonly {
    readonly name: string
    readonly args: readonly string[]
    readonly input: string
    readonly records: readonly RecordText[]
  }[]
  readonly requeued: { readonly before: string; readonly records: readonly RecordText[] }
}

const VECTORS: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/pickup.json', import.meta.url), 'utf8'),
)
const LETTER = 'To: ann@example.net\nSubject: tea\n\nAt five.\n'
const CHECKED = { header_checks: 'regexp:{{/^X-Hold:/ HOLD}, {/^Subject: no/ REJECT not you}}' }
const RECORDS = 'S\x0fbob@example.comR\x0fann@example.orgM\0N\x0cSubject: teaX\0E\0'
const SUBMISSIONS = 200
const AT_ONCE = 10

describe('mail that sendmail hands in', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await Scene.open({
      parameters: { ...CHECKED, myhostname: 'mail.example.com', myorigin: 'example.com' },
    })
  })
  afterAll(() => scene.close())

  it.each(VECTORS.submitted)('F-58: $name is stored as Postfix does', async (recorded) => {
    const { args, input, records } = recorded
    const env = { NAME: 'root' }
    const { status, stderr } = await sendmail(scene.directory, args, input, { env })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(await heldRecords(scene)).toEqual(masked(records))
    await expect.poll(() => namesIn(scene, 'maildrop')).toEqual([])
  })

  it('F-59: what postsuper has requeued goes through again, and keeps its envelope', async () => {
    const path = join(scene.directory, 'queue/spare/requeued')
    writeFileSync(path, Buffer.from(VECTORS.requeued.before, 'hex'))
    chmodSync(path, 0o700)
    renameSync(path, join(scene.directory, 'queue/maildrop/A4ABA21A19C'))
    await triggerService(join(scene.directory, 'queue'), 'pickup', 'W')
    expect(await heldRecords(scene)).toEqual(masked(VECTORS.requeued.records))
    await scene.posthouse.logged(/pickup.*: uid=\d+ from=<s72@box\.example> orig_id=A4ABA21A19C$/)
  })

  it('F-92: arrives', async () => {
    const env = { NAME: 'Ann "Tea" Other' }
    const { status } = await sendmail(scene.directory, ['-t', '-f', 'bob@x.example'], LETTER, {
      env,
    })
    expect(status).toBe(0)
    await expect.poll(() => scene.arrivals.length).toBe(1)
    const { recipient, content } = scene.arrivals[0]!
    expect(recipient).toBe('ann@example.net')
    expect(content.toString()).toMatch(
      new RegExp(
        '^Received: by mail\\.example\\.com \\(Postfix, from userid \\d+\\)\n' +
          '\tid \\w+; .*\nTo: ann@example\\.net\nSubject: tea\nMessage-Id: <\\S+>\nDate: .*\n' +
          'From: "Ann \\\\"Tea\\\\" Other" <bob@x\\.example>\n\nAt five\\.\n$',
      ),
    )
  })

  it('F-70: what checks refuse is returned to who handed it in: the header', async () => {
    await sendmail(scene.directory, ['-t', '-f', 'bob@x.example'], LETTER.replace('tea', 'no'))
    await scene.posthouse.logged(/: reject: header Subject: no from local; .*: 5\.7\.1 not you$/)
    await scene.posthouse.logged(
      /cleanup.*: to=<ann@example\.net>, relay=none, .*, dsn=5\.7\.1, status=bounced \(not you\)$/,
    )
    await expect.poll(() => scene.arrivals.filter(isNotification)).toHaveLength(1)
    const told = await readNotification(scene.arrivals.find(isNotification)!)
    expect(told).toMatchObject({ to: 'bob@x.example', original: { type: 'text/rfc822-headers' } })
    expect(told.original.text).toContain('\nSubject: no\n')
    expect(told.original.text).not.toContain('At five')
    expect(Object.fromEntries(told.reports[0]!)).toMatchObject({
      'Final-Recipient': 'rfc822; ann@example.net',
      Status: '5.7.1',
    })
    await expect.poll(() => namesIn(scene, 'maildrop')).toEqual([])
  })

  it('F-57: posthouse postdrop takes records, and says what became of them', async () => {
    const conf = join(scene.directory, 'conf')
    const before = scene.arrivals.length
    const args = [COMMAND, '-c', conf, 'postdrop', '-r']
    const { status, stdout, stderr } = await runWith(RECORDS, process.execPath, args)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(
      /^protocol\0postdrop_protocol\0queue_id\0\w+\0\0status\x000\0reason\0\0\0$/,
    )
    await expect.poll(() => scene.arrivals.length).toBe(before + 1)
  })

  it('F-90: -bp lists what is there', async () => {
    expect((await sendmail(scene.directory, ['-bp'])).stdout).toContain('s72@box.example')
  })
})

describe('sendmail', () => {
  const scenes: Scene[] = []
  afterEach(async () => {
    for (const scene of scenes.splice(0)) await scene.close()
  })

  async function open(parameters: SceneOptions['parameters'] = {}): Promise<Scene> {
    const scene = await Scene.open({ parameters })
    scenes.push(scene)
    return scene
  }

  it('hands mail in while no posthouse runs; the next start takes it', async () => {
    const scene = await open()
    await scene.posthouse.stop()
    expect(await sendmail(scene.directory, ['-t'], LETTER)).toMatchObject({ status: 0 })
    expect(namesIn(scene, 'maildrop')).toHaveLength(1)
    await scene.restart()
    await expect.poll(() => scene.arrivals.length).toBe(1)
    await expect.poll(() => namesIn(scene, 'maildrop')).toEqual([])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('F-92: %s leaves nothing behind', async (signal) => {
    const scene = await open()
    const child = spawnSendmail(scene.directory, ['a@x.example'])
    child.stdin.write('Subject: x\n')
    await expect.poll(() => namesIn(scene, 'maildrop')).toHaveLength(1)
    child.kill(signal)
    expect(await text(child.stderr)).toMatch(
      new RegExp(`^sendmail: fatal: \\S+: ended by ${signal}\n$`),
    )
    expect(namesIn(scene, 'maildrop')).toEqual([])
  })

  it.each([
    [{ authorized_submit_users: '!ALL' }, /fatal: User \S+\(\d+\) is not allowed to submit mail/],
    [
      { local_login_sender_maps: 'inline:{nobody-else=*}' },
      /fatal: u@x\.example\(\d+\): not authorized to use sender='u@x\.example'/,
    ],
    [{ message_size_limit: '200' }, /fatal: u@x\.example\(\d+\): message file too big/],
    [{ sendmail_fix_line_endings: 'no' }, /fatal: bad sendmail_fix_line_endings value: no/],
  ])('refuses mail with %j', async (parameters, complaint) => {
    const scene = await open()
    writeConfiguration(scene.directory, { port: scene.port, parameters })
    const args = ['-f', 'u@x.example', 'a@x.example']
    const run = await sendmail(scene.directory, args, LETTER.repeat(4))
    expect(run.stderr).toMatch(complaint)
    expect(run.status).toBe(75)
    expect(namesIn(scene, 'maildrop')).toEqual([])
  })

  it('F-91: VERP delimiters are those of default_verp_delimiters', async () => {
    const scene = await open({ header_checks: 'static:HOLD', default_verp_delimiters: '-=' })
    await sendmail(scene.directory, ['-XV', '-f', 'list@x.example', 'a@x.example'], LETTER)
    expect(await heldRecords(scene)).toContainEqual(['V', '-='])
  })

  it('F-39: always_add_missing_headers is for mail of strangers, too', async () => {
    const scene = await open({ always_add_missing_headers: 'yes' })
    await sendmail(scene.directory, ['-G', '-t', '-f', 'bob@x.example'], LETTER)
    await expect.poll(() => scene.arrivals.length).toBe(1)
    expect(scene.arrivals[0]!.content.toString()).toContain('\nFrom: ')
  })

  it('F-58: a pickup service of its own content_filter', async () => {
    const scene = await open({
      header_checks: 'static:HOLD',
      content_filter: 'relay:[127.0.0.1]:9',
    })
    await sendmail(scene.directory, ['-t'], LETTER)
    expect(await heldRecords(scene)).toContainEqual(['L', 'relay:[127.0.0.1]:9'])
  })

  it('G-34: a reload takes the pickup service away, and another brings it back', async () => {
    const scene = await open()
    const conf = join(scene.directory, 'conf')
    const masterCf = readFileSync(join(conf, 'master.cf'), 'utf8')
    const change = async (text: string): Promise<void> => {
      writeFileSync(join(conf, 'master.cf'), text)
      const before = scene.posthouse.log.length
      expect(await runCommand('-c', conf, 'reload')).toMatchObject({ status: 0 })
      await scene.posthouse.waitFor(
        () => scene.posthouse.log.slice(before).find((line) => /: reload -- /.test(line)),
        () => 'no reload',
      )
    }
    await change(masterCf.replace(/^pickup.*\n/m, ''))
    await sendmail(scene.directory, ['-t'], LETTER)
    expect(namesIn(scene, 'maildrop')).toHaveLength(1)
    await change(masterCf)
    await expect.poll(() => scene.arrivals.length).toBe(1)
  })
})

// What sendmail has said yes to is delivered, whenever the process is killed.
it('kill -9 in the middle of 200 submissions: none is missing', async () => {
  const scene = await Scene.open()
  try {
    const accepted = new Set<string>()
    let next = 0
    const submit = async (): Promise<void> => {
      while (next < SUBMISSIONS) {
        const recipient = `r${next++}@example.net`
        if ((await handIn(scene, recipient)).kind === 'stored') accepted.add(recipient)
      }
    }
    const submitting = Promise.all(Array.from({ length: AT_ONCE }, submit))
    for (const count of [3, 20, 10, 30, 5, 15]) {
      // With each of these lines a message is between the maildrop and its queue file.
      const taken = () => scene.posthouse.log.filter((line) => / uid=\d+ from=/.test(line)).length
      await scene.posthouse.waitFor(
        () => taken() >= count || undefined,
        () => `${taken()} messages taken`,
      )
      await scene.posthouse.kill()
      await scene.restart()
    }
    await submitting
    expect(accepted.size).toBe(SUBMISSIONS)
    const arrived = () => new Set(scene.arrivals.map(({ recipient }) => recipient))
    await expect.poll(() => arrived().size, { timeout: 30_000 }).toBe(SUBMISSIONS)
    await expect.poll(() => namesIn(scene, 'maildrop')).toEqual([])
  } finally {
    await scene.close()
  }
}, 120_000)

/** What postdrop does for sendmail, in this process: 200 starts of a program would take minutes. */
function handIn(scene: Scene, recipient: string): Promise<DropResult> {
  const queueDirectory = join(scene.directory, 'queue')
  const records = [
    encodeRecord(RecordType.sender, Buffer.from('sender@example.org')),
    encodeRecord(RecordType.recipient, Buffer.from(recipient)),
    encodeRecord(RecordType.content, Buffer.alloc(0)),
    encodeRecord(RecordType.text, Buffer.from('Subject: tea')),
    encodeRecord(RecordType.extracted, Buffer.alloc(0)),
    encodeRecord(RecordType.end, Buffer.alloc(0)),
  ]
  return dropMessage(Readable.from(records), {
    queueDirectory,
    longQueueIds: false,
    maxFileBytes: 0,
    processId: process.pid,
    files: nodeMaildropFiles,
    nowMs: () => performance.timeOrigin + performance.now(),
    lineLengthLimit: 2048,
    userId: 0,
    mayUseSender: () => true,
    triggerPickup: () => triggerService(queueDirectory, 'pickup', 'W'),
    warn: (text) => expect.fail(text),
  })
}

function namesIn(scene: Scene, queue: string): string[] {
  return readdirSync(join(scene.directory, 'queue', queue))
}

/** Records of the one message in `hold`, which is then taken away. */
async function heldRecords(scene: Scene): Promise<RecordText[]> {
  await expect.poll(() => newest(scene)).toBeDefined()
  const path = newest(scene)!
  const { envelope, content, extracted } = readQueueFile(path)
  seen.add(path)
  const all = [
    ...envelope,
    { type: 'M', payload: '' },
    ...content,
    { type: 'X', payload: '' },
    ...extracted,
  ]
  return masked(all.map(({ type, payload }) => [type, payload.toString()] as const))
}

const seen = new Set<string>()
function newest(scene: Scene): string | undefined {
  const paths = namesIn(scene, 'hold').map((name) => join(scene.directory, 'queue/hold', name))
  return paths.find((path) => !seen.has(path))
}

/** Without what is never the same, and the message id that release 3.7 does not store. */
function masked(records: readonly RecordText[]): RecordText[] {
  return records
    .filter(([type]) => type !== 'T' && type !== 'E')
    .filter(([type, text]) => !(type === 'A' && text.startsWith('message_id=')))
    .map(([type, text]) => {
      if (type === 'C') return [type, text.slice(32, 63) + text.slice(79)] as const
      return [type, maskedText(text)] as const
    })
}

function maskedText(text: string): string {
  return text
    .replace(/^create_time=\d+/, 'create_time=TIME')
    .replace(/\bid [0-9A-F]{8,}; .*/, 'id ID; DATE')
    .replace(/from userid \d+/, 'from userid UID')
    .replace(/<\d{14}\.[0-9A-F]+@/, '<STAMP.ID@')
    .replace(/^Date: (?!Thu, 1 Jan).*/, 'Date: DATE')
}
