import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { nodeFileSystem, type QueueFileSystem } from '@posthouse/queue-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type MaildropMessage, Pickup, type PickupResult, type Submitter } from './index.ts'

const FILES: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('../vectors/queue-files.json', import.meta.url), 'utf8'),
)
const START_MS = Date.UTC(2026, 10, 20)
const OWNER = process.getuid?.() ?? 0
const SUBMITTED = 0o744
const REQUEUED = 0o700
const DONE: PickupResult = { kind: 'done' }

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pickup-'))
  for (const queue of ['maildrop', 'corrupt']) mkdirSync(join(directory, queue))
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('Pickup', () => {
  it('F-58: hands over envelope and content, then removes the file', async () => {
    put('A1', 'maildrop-dsn')
    const { taken, lines } = await pickUpAll()
    expect(taken).toHaveLength(1)
    expect(taken[0]).toMatchObject({
      userId: OWNER,
      isRequeued: false,
      message: {
        sender: 'user@example.org',
        fullName: 'root',
        recipients: [
          { address: 'a@hold.example', notify: 14 },
          { address: 'b@hold.example', notify: 14 },
        ],
        lateRecipients: [],
        leadingAttributes: [
          ['envelope_id', 'my-envid'],
          ['ret_flags', '2'],
          ['rewrite_context', 'local'],
        ],
        arrivalTimeMs: 1795190208045.594,
      },
    })
    expect(textOf(taken[0]!).endsWith('\n\nbody line 1\nbody line 2\n')).toBe(true)
    expect(lines).toEqual([`NEW1: uid=${OWNER} from=<user@example.org>`])
    expect(namesIn('maildrop')).toEqual([])
  })

  it('F-58: recipients behind the content stay there', async () => {
    put('A1', 'maildrop-t')
    const { taken } = await pickUpAll()
    const addresses = taken[0]!.message.lateRecipients.map(({ address }) => address)
    expect(addresses).toEqual(['a', 'b', 'c', 'd'].map((name) => `${name}@hold.example`))
    expect(taken[0]!.message.recipients).toEqual([])
  })

  it('F-44: text without a final line end has none', async () => {
    put('A1', 'maildrop-no-final-newline')
    expect(textOf((await pickUpAll()).taken[0]!).endsWith('\nbody without newline')).toBe(true)
  })

  it('F-46: attributes behind the sender, and VERP', async () => {
    const found: unknown[] = []
    for (const name of ['maildrop-gateway-8bit', 'maildrop-trace-v', 'maildrop-verp']) {
      put('A1', name)
      const { attributes, verpDelimiters } = (await pickUpAll()).taken[0]!.message
      found.push([attributes, verpDelimiters])
    }
    expect(found).toEqual([
      [[['encoding', '8bit']], undefined],
      [[['trace_flags', '1024']], undefined],
      [[], '+='],
    ])
  })

  it('F-59: a requeued file keeps its attributes and recipients', async () => {
    put('A1', 'requeue-before', REQUEUED)
    const { taken, lines } = await pickUpAll()
    expect(taken[0]).toMatchObject({ isRequeued: true })
    const { message } = taken[0]!
    expect(message.leadingAttributes.map(([name]) => name)).toEqual([
      'log_ident',
      'rewrite_context',
      'envelope_id',
      'ret_flags',
    ])
    expect(message.attributes).toContainEqual(['log_client_address', '127.0.0.1'])
    expect(message.recipients[0]).toEqual({
      address: 'user@hold.example',
      original: 'user@hold.example',
      dsnOriginal: 'rfc822;user@hold.example',
      notify: 4,
    })
    expect(lines).toEqual([`NEW1: uid=${OWNER} from=<s72@box.example> orig_id=A1`])
  })

  it('F-59: who is done is left out, with what belongs to it', async () => {
    put('A1', 'deferred-partially-done', REQUEUED)
    const { recipients } = (await pickUpAll()).taken[0]!.message
    expect(recipients).toHaveLength(1)
  })

  it('F-49: a file that a milter has edited is read as it was meant', async () => {
    put('A1', 'milter-all-edits', REQUEUED)
    const { taken } = await pickUpAll()
    expect(taken[0]!.message.sender).toBe('new@example.net')
    expect(textOf(taken[0]!)).toContain('Subject: changed\n')
  })

  it('F-59: a file of another user is not requeued, whatever its mode', async () => {
    put('A1', 'maildrop-dsn', REQUEUED)
    const { taken } = await pickUpAll({ ownerId: OWNER + 1 })
    expect(taken[0]!.isRequeued).toBe(false)
  })

  it('F-58: keeps what cannot be taken now, and tries again the next time', async () => {
    put('A1', 'maildrop-dsn')
    const scene = open({ reply: async () => ({ kind: 'later', reason: 'disk full' }) })
    await scene.pickup.trigger()
    expect(namesIn('maildrop')).toEqual(['A1'])
    expect(scene.lines[1]).toBe('warning: maildrop/A1: error writing NEW1: disk full')
    scene.reply = async () => DONE
    await scene.pickup.trigger()
    expect(namesIn('maildrop')).toEqual([])
  })

  it('F-58: the file goes after the message is durable, not before', async () => {
    put('A1', 'maildrop-dsn')
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<PickupResult>()
    const { pickup } = open({
      reply: () => {
        asked.resolve()
        return answer.promise
      },
    })
    const done = pickup.trigger()
    await asked.promise
    expect(namesIn('maildrop')).toEqual(['A1'])
    answer.resolve(DONE)
    await done
    expect(namesIn('maildrop')).toEqual([])
  })

  it('F-58: mail that comes meanwhile is taken without another trigger', async () => {
    put('A1', 'maildrop-dsn')
    const { taken } = await pickUpAll({
      reply: async () => {
        if (namesIn('maildrop').includes('A1')) put('A0', 'maildrop-t')
        return DONE
      },
    })
    expect(taken).toHaveLength(2)
  })

  it('F-58: looks at the start, and every wakeup time until it is closed', async () => {
    const { pickup, clock, looks } = open()
    await pickup.start()
    expect(looks()).toBe(1)
    await clock.run(START_MS + 59_999)
    expect(looks()).toBe(1)
    await clock.run(START_MS + 60_000)
    expect(looks()).toBe(2)
    await pickup.close()
    await clock.run(START_MS + 180_000)
    await pickup.trigger()
    expect(looks()).toBe(2)
  })

  it('F-13: what is not ready is ignored without a word', async () => {
    put('A1', 'maildrop-dsn', 0o644)
    put('123.42', 'maildrop-dsn')
    const { taken, lines } = await pickUpAll()
    expect(taken).toEqual([])
    expect(lines).toEqual([])
  })

  it.each([
    ['corrupt-truncated-in-payload', 'unexpected EOF in data, record type 83 length 15'],
    ['corrupt-missing-sender', 'no envelope sender'],
    ['corrupt-unknown-type-envelope', '122: not expected there'],
    ['corrupt-truncated-before-end', '-1: no end record'],
  ])('F-58: %s is put aside, not lost', async (name, problem) => {
    put('A1', name)
    const { taken, lines } = await pickUpAll()
    expect(taken).toEqual([])
    expect(lines).toEqual([
      `warning: maildrop/A1: uid=${OWNER}: unexpected or malformed record: ${problem}`,
      'warning: saving corrupt file "A1" from queue "maildrop" to queue "corrupt"',
    ])
    expect(namesIn('corrupt')).toEqual(['A1'])
  })

  it('F-58: the time of the file stands for a missing one', async () => {
    put('A1', 'maildrop-dsn', SUBMITTED, (file) => file.subarray(2 + file[1]!))
    utimesSync(join(directory, 'maildrop/A1'), 1000, 1000)
    expect((await pickUpAll()).taken[0]!.message.arrivalTimeMs).toBe(1_000_000)
  })

  it('one message that fails does not keep others from going on', async () => {
    for (let count = 0; count < 20; count++) put(`A${count}`, 'maildrop-dsn')
    put('A20', 'maildrop-t')
    const { taken, lines } = await pickUpAll({
      reply: async ({ lateRecipients }) => {
        if (lateRecipients.length === 0) throw new Error('no such table')
        return DONE
      },
    })
    expect(taken.at(-1)).toBeDefined()
    expect(namesIn('maildrop')).toHaveLength(20)
    expect(lines).toContain('warning: maildrop/A0: no such table')
  })

  it('says so when there is no maildrop', async () => {
    rmSync(join(directory, 'maildrop'), { recursive: true })
    const { lines } = await pickUpAll()
    expect(lines[0]).toContain('scan maildrop: ENOENT')
  })

  it.skipIf(OWNER !== 0)('logs the user id of who owns the file', async () => {
    put('A1', 'maildrop-dsn')
    chownSync(join(directory, 'maildrop/A1'), 4242, 4242)
    expect((await pickUpAll()).lines).toEqual(['NEW1: uid=4242 from=<user@example.org>'])
  })
})

interface Taken extends Submitter {
  readonly message: MaildropMessage
}

interface Given {
  readonly ownerId?: number
  readonly reply?: (message: MaildropMessage) => Promise<PickupResult>
}

/** One round over the maildrop. */
async function pickUpAll(given: Given = {}) {
  const scene = open(given)
  await scene.pickup.start()
  await scene.pickup.close()
  return scene
}

function open({ ownerId = OWNER, reply = async () => DONE }: Given = {}) {
  const { logger: log, lines } = memoryLogger()
  const clock = new VirtualClock(START_MS)
  const taken: Taken[] = []
  let looks = 0
  const system = nodeFileSystem(() => START_MS)
  const files: QueueFileSystem = {
    ...system,
    opendir: (path: string) => {
      looks += 1
      return system.opendir(path)
    },
  }
  const options = { queueDirectory: directory, ownerId, wakeupMs: () => 60_000 }
  const pickup = new Pickup(options, {
    files,
    clock,
    log,
    open: async (submitter) => ({
      id: `NEW${taken.length + 1}`,
      submit: async (message) => {
        taken.push({ ...submitter, message })
        return scene.reply(message)
      },
    }),
  })
  const scene = { pickup, clock, taken, lines, reply, looks: () => looks }
  return scene
}

function put(
  name: string,
  vector: string,
  mode = SUBMITTED,
  edited: (file: Buffer) => Buffer = (file) => file,
): void {
  const path = join(directory, 'maildrop', name)
  writeFileSync(path, edited(Buffer.from(FILES[vector]!, 'hex')))
  chmodSync(path, mode)
}

function namesIn(queue: string): string[] {
  return readdirSync(join(directory, queue)).sort()
}

function textOf({ message }: Taken): string {
  return Buffer.from(message.content).toString()
}
