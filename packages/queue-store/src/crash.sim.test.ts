import { createHash } from 'node:crypto'

import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { expect, it } from 'vitest'

import {
  CrashingFileSystem,
  DATA_LOSSES,
  type Disk,
  type Ordering,
} from '../test/crashing-file-system.ts'
import {
  ContentWriter,
  type MessageEnvelope,
  type MessageQueue,
  type NewEnvelope,
  type NewMessage,
  QueueFileError,
  type QueueFileSystem,
  QueueStore,
} from './index.ts'

// The machine dies after every change that the store makes to its disk, and the disk then holds
// the worst that POSIX, or a journal, allows. What was acknowledged must be there all the same.

const QUEUES: readonly MessageQueue[] = ['incoming', 'active', 'deferred', 'hold']
const ALL_HASHED = ['incoming', 'active', 'deferred', 'hold', 'defer']
const START_MS = 1_795_190_416_303

/** What the users of the store were told before the crash. */
class Witness {
  /** Every message that was going to be stored, by id. */
  readonly messages = new Map<string, NewMessage>()
  readonly acknowledged = new Map<string, MessageEnvelope>()
  readonly removing = new Set<string>()
  readonly marking = new Map<string, number>()
  readonly logs = new Map<string, string>()
}

it.each([
  ['journal', []],
  ['journal', ALL_HASHED],
  ['none', []],
  ['none', ALL_HASHED],
] as const)(
  'F-10: loses no acknowledged mail, ordering %s, hashed %j',
  async (ordering, hashed) => {
    const empty: Disk = {
      names: new Map([['/q', 1]]),
      modes: new Map(),
      data: new Map(),
      emptied: new Map(),
    }
    const seen = new Set<string>()
    for (let changes = 0; ; changes++) {
      const files = new CrashingFileSystem(ordering, changes, empty)
      const witness = new Witness()
      const done = liveOn(files, hashed, witness).then(() => 'done' as const)
      const end = await Promise.race([done, files.crashed])
      await new Promise((resolve) => setImmediate(resolve))
      await expectNothingLost(files, hashed, witness, seen)
      if (end === 'done') break
    }
    expect(seen.size).toBeGreaterThan(100)
  },
)

const ENVELOPE: NewEnvelope = {
  arrivalTimeMs: START_MS,
  sender: 'sender@example.org',
  attributes: [['log_client_name', 'localhost']],
  recipients: ['a@example.net', 'b@example.net'].map((a) => ({ address: a, original: a })),
}

async function liveOn(
  files: QueueFileSystem,
  hashed: readonly string[],
  witness: Witness,
): Promise<void> {
  const store = await openStore(files, hashed)
  const first = await commit(store, witness, 40)
  await commit(store, witness, 400, 'hold')
  const [third, fourth] = await Promise.all([
    commit(store, witness, 40),
    commit(store, witness, 1),
    store.create().then((draft) => draft.abort()),
  ])
  await store.move(first.id, 'incoming', 'active')
  await store.appendStatusLog('defer', first.id, 'first\n')
  witness.logs.set(first.id, 'first\n')
  await store.appendStatusLog('defer', first.id, 'second\n')
  witness.logs.set(first.id, 'first\nsecond\n')
  witness.marking.set(first.id, first.recipients[0]!.offset)
  await store.markDone(first.id, 'active', [first.recipients[0]!.offset])
  await store.move(first.id, 'active', 'deferred', { modifiedMs: START_MS + 1000 })
  await store.move(third.id, 'incoming', 'active')
  witness.removing.add(third.id)
  await store.remove(third.id, 'active')
  await store.move(fourth.id, 'incoming', 'active')
  await store.move(first.id, 'deferred', 'active')
  await commit(store, witness, 2) // In the file of the third, where there is a journal.
  await appendAndFinish(store, witness, [250, 251, 501, 504])
}

async function commit(
  store: QueueStore,
  witness: Witness,
  lines: number,
  queue?: 'hold',
): Promise<MessageEnvelope> {
  const draft = await store.create()
  const message = { ...ENVELOPE, content: contentOf(draft.id, 0, lines) }
  witness.messages.set(draft.id, message)
  const envelope = await draft.commit(message, queue)
  witness.acknowledged.set(draft.id, envelope)
  return envelope
}

/** A message of several blocks, which end at these lines. */
async function appendAndFinish(
  store: QueueStore,
  witness: Witness,
  ends: readonly number[],
): Promise<void> {
  const draft = await store.create()
  const contents = ends.map((end, at) => contentOf(draft.id, ends[at - 1] ?? 0, end))
  witness.messages.set(draft.id, { ...ENVELOPE, content: Buffer.concat(contents) })
  draft.start(ENVELOPE)
  for (const content of contents.slice(0, -1)) await draft.append(content)
  const envelope = await draft.finish({ content: contents.at(-1)! })
  witness.acknowledged.set(draft.id, envelope)
}

function contentOf(id: string, firstLine: number, endLine: number): Uint8Array {
  const writer = new ContentWriter(2048, 0)
  for (let line = firstLine; line < endLine; line++)
    writer.line(Buffer.from(`line ${line} of ${id}`))
  return writer.finish()
}

/** @param seen What was looked at already. */
async function expectNothingLost(
  files: CrashingFileSystem,
  hashed: readonly string[],
  witness: Witness,
  seen: Set<string>,
): Promise<void> {
  for (const names of files.survivingNames()) {
    for (const [name, loss] of Object.entries(DATA_LOSSES)) {
      const disk = files.withData(names, loss)
      const signature = signatureOf(disk, witness)
      if (seen.has(signature)) continue
      seen.add(signature)
      await expectComplete(disk, files.ordering, hashed, witness, name)
    }
  }
}

function signatureOf({ names, modes, data }: Disk, witness: Witness): string {
  const hash = createHash('md5')
  const { acknowledged, removing, marking, logs } = witness
  const told = [[...acknowledged.keys()], [...removing], [...marking], [...logs]]
  hash.update(JSON.stringify([[...names].sort(), [...modes].sort(), told]))
  for (const [path, inode] of names) hash.update(path).update(data.get(inode) ?? '')
  return hash.digest('hex')
}

async function expectComplete(
  disk: Disk,
  ordering: Ordering,
  hashed: readonly string[],
  witness: Witness,
  loss: string,
): Promise<void> {
  const files = new CrashingFileSystem(ordering, Number.POSITIVE_INFINITY, disk)
  const store = await openStore(files, hashed)
  const found = new Set<string>()
  for (const queue of QUEUES) {
    for await (const { id } of store.scan(queue)) {
      expect(found, 'in one queue only').not.toContain(id)
      if (await isComplete(store, id, queue, witness)) found.add(id)
    }
  }
  for (const id of witness.acknowledged.keys()) {
    if (!witness.removing.has(id)) expect([...found], `after ${loss}`).toContain(id)
  }
  for (const [id, text] of witness.logs) {
    const path = hashed.includes('defer') ? `/q/defer/${id[0]}/${id}` : `/q/defer/${id}`
    const log = disk.data.get(disk.names.get(path)!)
    expect(log?.toString()).toContain(text)
  }
}

/** A ready file is the whole message, or it is recognised as damaged and was not acknowledged. */
async function isComplete(
  store: QueueStore,
  id: string,
  queue: MessageQueue,
  witness: Witness,
): Promise<boolean> {
  const envelope = witness.acknowledged.get(id)
  try {
    const read = await store.readEnvelope(id, queue)
    const content: Uint8Array[] = []
    for await (const chunk of store.readContent(id, queue, read)) content.push(chunk)
    const lines = Buffer.concat(content).toString().split('\n')
    expect(lines.at(-2)).toBe(`line ${lines.length - 2} of ${id}`)
    expect(witness.messages.get(id)!.content.length).toBe(read.dataSize)
    if (envelope !== undefined) {
      const done = witness.marking.get(id)
      const todo = envelope.recipients.filter(({ offset }) => offset !== done)
      expect(read.recipients).toEqual(expect.arrayContaining(todo))
      expect({ ...read, recipients: [] }).toEqual({ ...envelope, recipients: [] })
    }
    return true
  } catch (error) {
    if (!(error instanceof QueueFileError)) throw error
    expect(error.code).toBe('corrupt')
    expect(envelope, 'acknowledged').toBeUndefined()
    return false
  }
}

function openStore(
  fileSystem: QueueFileSystem,
  hashQueueNames: readonly string[],
): Promise<QueueStore> {
  return QueueStore.open({
    directory: '/q',
    hashQueueNames,
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes: 1024 * 1024,
    clock: new VirtualClock(START_MS),
    log: memoryLogger().logger,
    fileSystem,
  })
}
