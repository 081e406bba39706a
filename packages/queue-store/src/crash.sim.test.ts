import { createHash } from 'node:crypto'

import { VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { expect, it } from 'vitest'

import {
  ContentWriter,
  type FileSystemEntry,
  type FileSystemStatus,
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
const PAGE_BYTES = 4096
const START_MS = 1_795_190_416_303

/**
 * `journal`: changes of names and modes are kept in their order, and fsync of any file keeps all of
 * them so far (ext4). `none`: fsync of a file keeps its data and its mode, and fsync of a directory
 * its names; of the rest any may be lost, but no file has two names.
 */
type Ordering = 'journal' | 'none'

interface Inode {
  data: Buffer
  syncedData: Buffer
  /** What it held before it was emptied, each time. */
  past: Buffer[]
}

/** A change of names or modes. */
interface Change {
  readonly inode: number
  readonly directories: readonly string[]
  readonly apply: (disk: Disk) => void
  isSynced: boolean
}

interface Disk {
  readonly names: Map<string, number>
  readonly modes: Map<number, number>
  readonly data: Map<number, Buffer>
  /** How many times a file was emptied. */
  readonly emptied: Map<number, number>
}

/** What became of the data of files that were not synced. */
type DataLoss = (inode: Inode) => Buffer

const DATA_LOSSES: Record<string, DataLoss> = {
  'all written': ({ data }) => data,
  'none written': ({ syncedData }) => syncedData,
  'only the length': ({ data, syncedData }) => padded(syncedData, data.length),
  'one byte missing': ({ data, syncedData }) => unlessSynced(data, syncedData, data.length - 1),
  'no end record': ({ data, syncedData }) => unlessSynced(data, syncedData, data.length - 2),
  'half of it': ({ data, syncedData }) => unlessSynced(data, syncedData, data.length >>> 1),
  'a page in the middle missing': ({ data, syncedData }) => {
    if (data.equals(syncedData)) return data
    const copy = Buffer.from(data)
    return copy.fill(0, Math.min(PAGE_BYTES, copy.length), Math.min(2 * PAGE_BYTES, copy.length))
  },
}

class CrashingFileSystem implements QueueFileSystem {
  readonly ordering: Ordering
  /** Changes to make before time stands still. */
  #changesLeft: number
  readonly #disk: Disk
  readonly #before: Disk // What the disk held when this began.
  readonly #inodes = new Map<number, Inode>()
  readonly #changes: Change[] = []
  readonly #files = new Map<number, { inode: number; path: string }>()
  #nextInode = 100
  #nextFile = 3
  #crash!: () => void
  readonly crashed = new Promise<void>((resolve) => {
    this.#crash = resolve
  })

  constructor(ordering: Ordering, changesLeft: number, disk: Disk) {
    this.ordering = ordering
    this.#changesLeft = changesLeft
    this.#before = disk
    this.#disk = copyOf(disk)
    for (const [number, data] of disk.data) {
      this.#inodes.set(number, { data, syncedData: data, past: [] })
    }
    this.#nextInode += disk.data.size
  }

  async open(path: string, how: string, mode = 0): Promise<number> {
    let inode = this.#disk.names.get(path)
    if (how === 'create' && inode !== undefined) throw failure('EEXIST')
    if (inode === undefined && (how === 'create' || how === 'append')) {
      await this.#change()
      inode = this.#make(path, 0o100000 | mode)
    }
    if (inode === undefined) throw failure('ENOENT')
    this.#files.set(this.#nextFile, { inode, path })
    return this.#nextFile++
  }

  close(file: number): void {
    if (!this.#files.delete(file)) throw failure('EBADF')
  }

  lstatUsed(path: string): FileSystemStatus {
    return this.#status(this.#inodeOf(path))
  }

  fstat(file: number): FileSystemStatus {
    return this.#status(this.#files.get(file)!.inode)
  }

  async lstat(path: string): Promise<FileSystemStatus> {
    return this.#status(this.#inodeOf(path))
  }

  async read(file: number, target: Uint8Array, position: number): Promise<number> {
    const data = this.#inode(file).data.subarray(position, position + target.length)
    target.set(data)
    return data.length
  }

  async writev(file: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
    await this.#change()
    const inode = this.#inode(file)
    const bytes = Buffer.concat(buffers)
    const before = padded(inode.data.subarray(0, position), position)
    inode.data = Buffer.concat([before, bytes, inode.data.subarray(position + bytes.length)])
    return bytes.length
  }

  async pwrite(file: number, bytes: Uint8Array, position: number): Promise<number> {
    await this.#change()
    const inode = this.#inode(file)
    inode.data = Buffer.from(inode.data)
    inode.data.set(bytes, position)
    return bytes.length
  }

  async ftruncate(file: number, sizeBytes: number): Promise<void> {
    if (sizeBytes === 0) return this.#empty(this.#files.get(file)!.inode)
    await this.#change()
    const inode = this.#inode(file)
    inode.data = inode.data.subarray(0, sizeBytes)
  }

  async fsync(file: number): Promise<void> {
    await this.#change()
    const { inode, path } = this.#files.get(file)!
    const content = this.#inodes.get(inode)
    if (content !== undefined) content.syncedData = content.data
    for (const change of this.#changes) {
      const isMode = change.inode === inode && change.directories.length === 0
      const isName = content === undefined && change.directories.includes(path)
      if (this.ordering === 'journal' || isMode || isName) change.isSynced = true
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#inodeOf(from)
    if (!this.#disk.names.has(parent(to))) throw failure('ENOENT')
    await this.#change()
    expect(this.#disk.names.has(to)).toBe(false) // It would be gone.
    this.#log(inode, [parent(from), parent(to)], ({ names }) => {
      if (!names.has(parent(to))) return void names.delete(from)
      names.delete(from)
      names.set(to, inode)
    })
  }

  async unlink(path: string): Promise<void> {
    const inode = this.#inodeOf(path)
    await this.#change()
    this.#log(inode, [parent(path)], ({ names }) => names.delete(path))
  }

  async mkdir(path: string, mode: number): Promise<void> {
    if (this.#disk.names.has(path)) throw failure('EEXIST')
    await this.#change()
    this.#make(path, 0o040000 | mode)
  }

  async utimes(path: string): Promise<void> {
    this.#inodeOf(path)
  }

  async opendir(path: string): Promise<{
    read(): Promise<FileSystemEntry | undefined>
    close(): Promise<void>
  }> {
    this.#inodeOf(path)
    const names = [...this.#disk.names.keys()].filter((name) => parent(name) === path)
    return {
      read: async () => {
        const name = names.pop()
        if (name === undefined) return undefined
        const isDirectory = !this.#inodes.has(this.#inodeOf(name))
        return { name: name.slice(path.length + 1), isDirectory }
      },
      close: async () => undefined,
    }
  }

  async syncsEntries(): Promise<boolean> {
    return this.ordering === 'journal'
  }

  /** The disks that the machine may find when it comes up again, data aside. */
  *survivingNames(): Generator<Disk> {
    const changes = this.#changes
    if (this.ordering === 'journal') {
      const synced = changes.findLastIndex(({ isSynced }) => isSynced) + 1
      for (let kept = synced; kept <= changes.length; kept++)
        yield this.#replay(changes.slice(0, kept))
      return
    }
    // A change that survives brings along the earlier changes of the names of its file.
    const loose = changes.filter(({ isSynced }) => !isSynced)
    for (const last of [undefined, ...loose]) {
      for (const others of [true, false]) {
        yield this.#replay(changes.filter((change, at) => this.#isKept(change, at, last, others)))
      }
    }
  }

  /** `disk` with the data that `loss` left. */
  withData(disk: Disk, loss: DataLoss): Disk {
    const data = new Map(
      [...this.#inodes].map(([number, inode]) => {
        const past = inode.past[disk.emptied.get(number) ?? 0]
        return [number, past ?? loss(inode)]
      }),
    )
    return { ...disk, data, emptied: new Map() }
  }

  #isKept(change: Change, at: number, last: Change | undefined, others: boolean): boolean {
    const isName = change.directories.length > 0
    const isNeeded = (later: Change): boolean =>
      later.inode === change.inode && isName && later.directories.length > 0
    const kept = this.#changes.filter((other) => other.isSynced || other === last)
    if (kept.some((other) => other === change)) return true
    if (kept.some((other) => isNeeded(other) && this.#changes.indexOf(other) > at)) return true
    return others && change.inode !== last?.inode
  }

  #replay(changes: readonly Change[]): Disk {
    const disk = copyOf(this.#before)
    for (const { apply } of changes) apply(disk)
    return disk
  }

  async #empty(inode: number): Promise<void> {
    await this.#change()
    const content = this.#inodes.get(inode)!
    content.past.push(content.data)
    content.data = content.syncedData = Buffer.alloc(0)
    const times = content.past.length
    this.#log(inode, [], ({ emptied }) => emptied.set(inode, times))
  }

  #make(path: string, mode: number): number {
    const isDirectory = (mode & 0o040000) !== 0
    if (!this.#disk.names.has(parent(path))) throw failure('ENOENT')
    const inode = this.#nextInode++
    const none = Buffer.alloc(0)
    if (!isDirectory) this.#inodes.set(inode, { data: none, syncedData: none, past: [] })
    this.#log(inode, [parent(path)], ({ names, modes }) => {
      if (!names.has(parent(path))) return // The directory itself was lost.
      names.set(path, inode)
      modes.set(inode, mode)
    })
    return inode
  }

  #log(inode: number, directories: readonly string[], apply: Change['apply']): void {
    apply(this.#disk)
    this.#changes.push({ inode, directories, apply, isSynced: false })
  }

  #inodeOf(path: string): number {
    const inode = this.#disk.names.get(path)
    if (inode === undefined) throw failure('ENOENT')
    return inode
  }

  #inode(file: number): Inode {
    return this.#inodes.get(this.#files.get(file)!.inode)!
  }

  #status(inode: number): FileSystemStatus {
    return {
      inode,
      mode: this.#disk.modes.get(inode)!,
      modifiedMs: START_MS,
      changedMs: START_MS,
      sizeBytes: this.#inodes.get(inode)?.data.length ?? 0,
      links: 1,
      userId: 0,
    }
  }

  // Waits for ever once the machine is dead.
  async #change(): Promise<void> {
    if (this.#changesLeft-- > 0) return
    this.#crash()
    await new Promise(() => undefined)
  }
}

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

function padded(synced: Buffer, length: number): Buffer {
  return synced.length >= length
    ? synced
    : Buffer.concat([synced, Buffer.alloc(length - synced.length)])
}

function unlessSynced(data: Buffer, synced: Buffer, length: number): Buffer {
  return data.equals(synced) ? data : data.subarray(0, Math.max(synced.length, length))
}

function copyOf({ names, modes, data, emptied }: Disk): Disk {
  return {
    names: new Map(names),
    modes: new Map(modes),
    data: new Map(data),
    emptied: new Map(emptied),
  }
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}
