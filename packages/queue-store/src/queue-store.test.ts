import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { systemClock, VirtualClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { callByCall } from '../test/call-by-call.ts'
import {
  ContentWriter,
  type MessageQueue,
  type NewMessage,
  nodeFileSystem,
  type QueueEntry,
  QueueFileError,
  type QueueFileSystem,
  QueueStore,
  type QueueStoreOptions,
} from './index.ts'

const DISK = callByCall(nodeFileSystem(systemClock.now))
const ADDRESS = 'user@example.net'
const RECIPIENT = { address: ADDRESS, original: ADDRESS }

let directory: string
let log: ReturnType<typeof memoryLogger>
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'queue-store-'))
  log = memoryLogger()
})
afterEach(() => fs.rmSync(directory, { recursive: true }))

describe('QueueStore.open', () => {
  it('F-1: makes the directories that are missing, mode 0700, and leaves others alone', async () => {
    fs.mkdirSync(join(directory, 'hold'), { mode: 0o755 })
    await open()
    const made = [
      'active',
      'bounce',
      'corrupt',
      'defer',
      'deferred',
      'hold',
      'incoming',
      'spare',
      'trace',
    ]
    expect(fs.readdirSync(directory)).toEqual(made)
    expect(modeOf('trace')).toBe(0o700)
    expect(modeOf('hold')).toBe(0o755)
  })

  it('rejects when the queue directory does not exist', async () => {
    await expect(open({ directory: join(directory, 'none') })).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })
})

describe('QueueStore.create and commit', () => {
  it('F-10: takes these steps, and no others', async () => {
    const calls: string[] = []
    const store = await open({ fileSystem: recording(calls), processId: 42 })
    calls.length = 0
    const draft = await store.create()
    const { id } = draft
    expect(await idsOf(store, 'incoming')).toEqual([])
    await draft.commit(message('hello\n'))
    expect(modeOf(`incoming/${id}`)).toBe(0o700)
    expect(calls.filter((call) => !/dir|lstat/.test(call)).map(withoutTime)).toEqual([
      'open incoming/µs.42',
      'fstat',
      'writev',
      `rename incoming/µs.42 incoming/${id}`,
      'fsync',
      'close',
    ])
  })

  it.each(['active', 'hold'] as const)('F-11: goes straight to %s', async (queue) => {
    const calls: string[] = []
    const store = await open({
      fileSystem: recording(calls),
      hashQueueNames: [queue],
      processId: 42,
    })
    const draft = await store.create()
    const { id } = draft
    calls.length = 0
    await draft.commit(message('hello\n'), queue)
    const rename = `rename incoming/µs.42 ${queue}/${id[0]}/${id}`
    const mkdir = `mkdir ${queue}/${id[0]}`
    expect(calls.map(withoutTime)).toEqual(['writev', rename, mkdir, rename, 'fsync', 'close'])
    expect(await idsOf(store, queue)).toEqual([id])
    expect(await idsOf(store, 'incoming')).toEqual([])
  })

  it('F-11: keeps neither the text nor the file of held mail at hand', async () => {
    const calls: string[] = []
    const store = await open({ fileSystem: recording(calls), contentCacheBytes: 10_000 })
    const draft = await store.create()
    calls.length = 0
    const envelope = await draft.commit(message('hello\n'), 'hold')
    expect(calls.at(-1)).toBe('close')
    expect(store.readContent(draft.id, 'hold', envelope)).not.toBeInstanceOf(Array)
  })

  it('syncs the directory where fsync of a file does not', async () => {
    const calls: string[] = []
    const fileSystem = { ...recording(calls), syncsEntries: async () => false }
    const store = await open({ fileSystem })
    const draft = await store.create()
    calls.length = 0
    await draft.commit(message('hello\n'))
    const steps = calls.map((call) => call.replace(/^rename .*/, 'rename'))
    const directorySync = ['open incoming', 'fsync', 'close']
    expect(steps).toEqual(['writev', 'rename', 'fsync', ...directorySync, 'close'])
  })

  it('F-3, F-4: gives ids of time and inode, no two the same though time stands still', async () => {
    const clock = new VirtualClock(systemClock.now())
    const store = await open({ clock })
    const drafts = await Promise.all(Array.from({ length: 20 }, () => store.create()))
    const ids = drafts.map(({ id }) => id)
    expect(new Set(ids).size).toBe(20)
    const names = fs.readdirSync(join(directory, 'incoming'))
    const inodes = names.map((name) => fs.statSync(join(directory, 'incoming', name)).ino)
    const expected = inodes.map((inode) => inode.toString(16).toUpperCase())
    expect(ids.map((id) => id.slice(5)).toSorted()).toEqual(expected.toSorted())
    expect(drafts[0]!.createTimeMs).toBe(clock.now())
    await Promise.all(drafts.map((draft) => draft.abort()))
    expect(fs.readdirSync(join(directory, 'incoming'))).toEqual([])
  })

  it('F-5, F-8: gives long ids, and hashes by their microseconds', async () => {
    const clock = new VirtualClock(1_795_190_115_128.603)
    const store = await open({ longQueueIds: true, hashQueueNames: ['incoming'], clock })
    const { id } = await committed(store, 'x\n')
    expect(id).toMatch(/^4jWKfq0vY[78]z/)
    expect(modeOf(`incoming/1/${id}`)).toBe(0o700)
    expect(modeOf('incoming/1')).toBe(0o700)
  })

  it('F-10: tries again every 10 s when no file can be made, until the store closes', async () => {
    const clock = new VirtualClock(systemClock.now())
    let isFull = true
    const fileSystem: QueueFileSystem = {
      ...DISK,
      open: async (path, how, mode) => {
        if (how === 'create' && isFull) throw failure('ENOSPC')
        return DISK.open(path, how, mode)
      },
    }
    const store = await open({ clock, fileSystem })
    const creating = store.create()
    await clock.run(clock.now() + 25_000)
    expect(log.lines).toHaveLength(3)
    expect(log.lines[0]).toMatch(/^warning: create file incoming\/\d+\.0: ENOSPC$/)
    expect(store.isWaitingForDisk).toBe(true)
    isFull = false
    await clock.run(clock.now() + 10_000)
    const draft = await creating
    expect(store.isWaitingForDisk).toBe(false)
    await draft.abort()
    isFull = true
    const waiting = store.create()
    await clock.run(clock.now() + 1)
    await store.close()
    await expect(waiting).rejects.toMatchObject({ code: 'write' })
  })

  it('lets one wait where no more files may be open, so that the others free theirs', async () => {
    const clock = new VirtualClock(systemClock.now())
    let isOut = true
    const fileSystem: QueueFileSystem = {
      ...DISK,
      open: async (path, how, mode) => {
        if (how === 'create' && isOut) throw failure('EMFILE')
        return DISK.open(path, how, mode)
      },
    }
    const store = await open({ clock, fileSystem })
    const [first, ...others] = Array.from({ length: 3 }, () => store.create())
    for (const other of others) {
      const message = 'cannot create a queue file: EMFILE'
      await expect(other).rejects.toMatchObject({ code: 'write', message })
    }
    await clock.run(clock.now() + 10_000)
    expect(log.lines).toHaveLength(2)
    isOut = false
    await clock.run(clock.now() + 10_000)
    await (await first!).abort()
  })

  it('F-10: takes another time when the temporary name is taken', async () => {
    const clock = new VirtualClock(systemClock.now())
    const store = await open({ clock })
    const taken = `${Math.floor(clock.now() * 1000) % 1_000_000}.0`
    fs.writeFileSync(join(directory, 'incoming', taken), 'x')
    const draft = await store.create()
    await draft.abort()
    expect(fs.readdirSync(join(directory, 'incoming'))).toEqual([taken])
  })

  it.each([
    ['writev', 'ENOSPC', 'write'],
    ['writev', 'EFBIG', 'too-large'],
    ['rename', 'EIO', 'write'],
    ['fsync', 'EIO', 'write'],
    ['close', 'EIO', 'write'],
  ] as const)('F-17: removes the file when %s fails with %s', async (call, code, expected) => {
    let isBroken = false
    const fail = () => {
      throw failure(code)
    }
    const broken = { ...DISK, [call]: fail }
    const fileSystem = new Proxy(DISK, {
      get: (_, name: keyof QueueFileSystem) => (isBroken ? broken : DISK)[name],
    })
    const store = await open({ fileSystem })
    const draft = await store.create()
    isBroken = true
    const error = await draft.commit(message('hello\n')).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(QueueFileError)
    expect(error).toMatchObject({ code: expected, cause: { code } })
    expect(fs.readdirSync(join(directory, 'incoming'))).toEqual([])
  })

  it('writes on when the system takes only a part', async () => {
    const fileSystem: QueueFileSystem = {
      ...DISK,
      writev: (file, buffers, at) => DISK.writev(file, [buffers[0]!.subarray(0, 7)], at),
    }
    const store = await open({ fileSystem })
    const { id, envelope } = await committed(store, 'hello\n')
    expect(await store.readEnvelope(id, 'incoming')).toEqual(envelope)
  })

  it('Q-345: refuses a file above the limit before it writes', async () => {
    const calls: string[] = []
    const store = await open({ fileSystem: recording(calls) })
    const { id } = await committed(store, 'hello\n')
    const { size } = fs.statSync(join(directory, 'incoming', id))
    const exact = await store.create()
    await exact.commit({ ...message('hello\n'), maxFileBytes: size })
    const above = await store.create()
    calls.length = 0
    const committing = above.commit({ ...message('hello\n'), maxFileBytes: size - 1 })
    await expect(committing).rejects.toMatchObject({ code: 'too-large' })
    expect(calls.map(withoutTime)).toEqual(['unlink incoming/µs.0', 'close'])
    const unlimited = await store.create()
    await unlimited.commit({ ...message('hello\n'), maxFileBytes: 0 })
  })

  it.each<[string, Partial<NewMessage>]>([
    ['no content', { content: Buffer.alloc(0) }],
    ['content of something else', { content: Buffer.from('Subject: x\n') }],
    ['a text of something else', { text: Buffer.from('x\nx\n') }],
    ['an attribute without name', { attributes: [['', 'x']] }],
    ['an attribute that is two', { attributes: [['a=b', 'x']] }],
    ['an attribute that belongs to a recipient', { attributes: [['notify_flags', '1']] }],
    ['NOTIFY of NEVER and SUCCESS', { recipients: [{ ...RECIPIENT, notify: 3 }] }],
    ['NOTIFY out of range', { extraRecipients: [{ ...RECIPIENT, notify: 16 }] }],
  ])('refuses %s, and leaves no file', async (_, part) => {
    const store = await open()
    const draft = await store.create()
    await expect(draft.commit({ ...message('x\n'), ...part })).rejects.toThrow(TypeError)
    expect(fs.readdirSync(join(directory, 'incoming'))).toEqual([])
    await expect(draft.commit(message('x\n'))).rejects.toThrow(TypeError)
  })

  it('F-11: removes logs that a message with the same id left, of this run and of others', async () => {
    const clock = new VirtualClock(systemClock.now())
    const probe = await open({ clock })
    const first = await probe.create()
    const { id } = first
    await probe.appendStatusLog('bounce', id, 'x\n')
    fs.writeFileSync(join(directory, 'trace', id), 'x')
    await first.commit(message('x\n'))
    expect(log.lines).toEqual([`warning: bounce: removed spurious ${id} log`])
    expect(fs.existsSync(join(directory, 'trace', id))).toBe(true) // Not known to this run.
    log.lines.length = 0
    const store = await open({ clock, fileSystem: sameInode(id) })
    const second = await store.create()
    expect(second.id).toBe(id)
    await second.commit(message('x\n'))
    expect(log.lines).toEqual([`warning: trace: removed spurious ${id} log`])
  })

  it('F-12: puts our time on files that the file system stamps in the future', async () => {
    const clock = new VirtualClock(systemClock.now() - 3_600_000)
    const store = await open({ clock })
    const { id } = await committed(store, 'x\n')
    await committed(store, 'x\n')
    expect(log.lines).toHaveLength(2)
    expect(log.lines[0]).toMatch(/^warning: file system clock is 3(599|600) seconds ahead of local/)
    expect(fs.statSync(join(directory, 'incoming', id)).mtimeMs).toBeCloseTo(clock.now(), 0)
  })
})

describe('QueueStore.removeUnfinished', () => {
  it('F-13: removes what was being written, under either name, and nothing that is queued', async () => {
    const store = await open({ hashQueueNames: ['incoming', 'deferred'] })
    const queued = await committed(store, 'queued\n')
    await store.create()
    place('incoming/4711.12', 0o600)
    place('incoming/0/0ABCDEF', 0o600)
    place('incoming/corrupt1', 0o400)
    place('incoming/no.name', 0o600)
    expect(await store.removeUnfinished()).toBe(3)
    expect(await idsOf(store, 'incoming')).toEqual([queued.id])
    expect(await store.removeUnfinished()).toBe(0)
  })
})

describe('QueueStore.scan', () => {
  it('goes on behind what it cannot look at, and says so at the end', async () => {
    const isBad = (path: string) => path.endsWith('/1') || path.endsWith('ABCD1')
    const fileSystem: QueueFileSystem = {
      ...DISK,
      lstat: async (path) => (isBad(path) ? Promise.reject(failure('EIO')) : DISK.lstat(path)),
      opendir: async (path) => (isBad(path) ? Promise.reject(failure('EIO')) : DISK.opendir(path)),
    }
    const store = await open({ fileSystem })
    fs.mkdirSync(join(directory, 'deferred/1'))
    for (const id of ['ABCD1', 'ABCD2']) {
      fs.writeFileSync(join(directory, 'deferred', id), '', { mode: 0o700 })
    }
    const scan = store.scan('deferred')
    expect((await scan.next()).value).toMatchObject({ id: 'ABCD2' })
    await expect(scan.next()).rejects.toMatchObject({ code: 'EIO' })
  })

  it('F-13, F-14, F-8: finds ready files in order of name, at any depth, and nothing else', async () => {
    const store = await open({ hashQueueNames: ['deferred'], hashQueueDepth: 2 })
    place('deferred/C/A/CAF2', 0o700)
    place('deferred/C/CAF1', 0o740)
    place('deferred/ABCD2', 0o755)
    place('deferred/ABCD1', 0o710)
    place('deferred/NOTREADY', 0o600)
    place('deferred/CORRUPT', 0o400)
    place('deferred/123.456', 0o700)
    place('deferred/F', 0o700)
    place('deferred/long/INSIDE', 0o700)
    fs.symlinkSync('ABCD1', join(directory, 'deferred/LINK'))
    const entries = await entriesOf(store, 'deferred')
    expect(entries.map(({ id, mode }) => [id, mode])).toEqual([
      ['ABCD1', 0o710],
      ['ABCD2', 0o755],
      ['CAF2', 0o700],
      ['CAF1', 0o740],
    ])
    expect(log.lines).toEqual([
      `warning: deferred/LINK: uid ${process.getuid?.()}: not a regular file`,
      `warning: deferred/long: uid ${process.getuid?.()}: not a regular file`,
    ])
  })

  it('F-14: warns of links that are older than a minute', async () => {
    const clock = new VirtualClock(systemClock.now())
    const store = await open({ clock })
    place('active/ABCD1', 0o700)
    fs.linkSync(join(directory, 'active/ABCD1'), join(directory, 'hold/ABCD1'))
    await idsOf(store, 'active')
    expect(log.lines).toEqual([])
    await clock.run(clock.now() + 61_000)
    expect(await idsOf(store, 'active')).toEqual(['ABCD1'])
    const owner = process.getuid?.()
    expect(log.lines).toEqual([`warning: active/ABCD1: uid ${owner}: file has 2 links`])
  })

  it('tells the time stamp, and skips silently what vanishes meanwhile', async () => {
    const store = await open()
    place('active/ABCD1', 0o700)
    place('active/ABCD2', 0o700)
    fs.utimesSync(join(directory, 'active/ABCD1'), 5, 5)
    const scan = store.scan('active')
    expect((await scan.next()).value).toEqual({ id: 'ABCD1', modifiedMs: 5000, mode: 0o700 })
    fs.rmSync(join(directory, 'active/ABCD2'))
    expect(await scan.next()).toEqual({ done: true, value: undefined })
    expect(log.lines).toEqual([])
  })

  it('closes the directories when it is left early', async () => {
    let isOpen = 0
    const fileSystem: QueueFileSystem = {
      ...DISK,
      opendir: async (path) => {
        const opened = await DISK.opendir(path)
        isOpen++
        return { read: () => opened.read(), close: () => opened.close().then(() => void isOpen--) }
      },
    }
    const store = await open({ fileSystem, hashQueueNames: ['active'] })
    place('active/A/ABCD1', 0o700)
    place('active/A/ABCD2', 0o700)
    for await (const { id } of store.scan('active')) if (id === 'ABCD1') break
    expect(isOpen).toBe(0)
  })
})

describe('QueueStore.move, remove and markDone', () => {
  it('F-8, F-15: moves to a hash directory that it makes, and puts the stamp on', async () => {
    const store = await open({ hashQueueNames: ['deferred'], hashQueueDepth: 2 })
    const { id } = await committed(store, 'x\n')
    expect(await store.move(id, 'incoming', 'deferred', { modifiedMs: 12_345 })).toBe(true)
    const path = join(directory, 'deferred', id[0]!, id[1]!, id)
    expect(fs.statSync(path).mtimeMs).toBe(12_345)
  })

  it.each([{}, { modifiedMs: 5 }])(
    'tells when the file has vanished, options %j',
    async (options) => {
      const store = await open({ hashQueueNames: ['deferred'] })
      expect(await store.move('ABCD1', 'incoming', 'deferred', options)).toBe(false)
      expect(await store.move('ABCD1', 'incoming', 'active', options)).toBe(false)
      expect(await store.remove('ABCD1', 'incoming')).toBe(false)
    },
  )

  it('F-2: refuses names that are no queue ids', async () => {
    const store = await open()
    await expect(store.move('../x', 'incoming', 'active')).rejects.toThrow(TypeError)
    await expect(store.remove('../x', 'incoming')).rejects.toThrow(TypeError)
    await expect(store.readEnvelope('a/b', 'incoming')).rejects.toThrow(TypeError)
    await expect(store.appendStatusLog('defer', '..', 'x')).rejects.toThrow(TypeError)
  })

  it('F-53, F-50: marks recipients of both segments done', async () => {
    const store = await open()
    const draft = await store.create()
    const names = ['a@x', 'b@x', 'c@x']
    const recipients = names.map((address) => ({ address, original: address }))
    const extraRecipients = [{ ...RECIPIENT, notify: 1 }]
    const sent = await draft.commit({ ...message('x\n'), recipients, extraRecipients })
    const [a, b, c, bcc] = sent.recipients.map(({ offset }) => offset)
    await store.markDone(draft.id, 'incoming', [a!, c!, bcc!])
    const read = await store.readEnvelope(draft.id, 'incoming')
    expect(read).toEqual({ ...sent, recipients: [sent.recipients[1]] })
    await store.markDone(draft.id, 'incoming', [b!])
    await store.markDone(draft.id, 'incoming', [])
    expect((await store.readEnvelope(draft.id, 'incoming')).recipients).toEqual([])
    expect(log.lines).toEqual([])
  })

  it.each(['hold', 'maildrop', 'deferred'])(
    'F-53, F-87: marks recipients of a message that postsuper moved to %s',
    async (queue) => {
      const store = await open({ hashQueueNames: ['deferred'] })
      const { id, envelope } = await committed(store, 'x\n')
      const place = join(directory, queue, queue === 'deferred' ? id[0]! : '')
      fs.mkdirSync(place, { recursive: true })
      fs.renameSync(join(directory, 'incoming', id), join(place, id))
      await store.markDone(id, 'active', [envelope.recipients[0]!.offset])
      fs.renameSync(join(place, id), join(directory, 'incoming', id))
      expect((await store.readEnvelope(id, 'incoming')).recipients).toEqual([])
    },
  )

  it('tells vanished from corrupt', async () => {
    const store = await open()
    const vanished = { code: 'vanished' }
    await expect(store.markDone('ABCD1', 'active', [1])).rejects.toMatchObject(vanished)
    await expect(store.readEnvelope('ABCD1', 'active')).rejects.toMatchObject(vanished)
    await expect(text(store, 'ABCD1', { contentOffset: 1, dataSize: 1 })).rejects.toMatchObject(
      vanished,
    )
  })

  it('F-13, S-15: takes the wish to be delivered now from the mode', async () => {
    const store = await open()
    const { id } = await committed(store, 'x\n')
    fs.chmodSync(join(directory, 'incoming', id), 0o740)
    expect((await store.readEnvelope(id, 'incoming')).flush).toBe(true)
    expect(fs.statSync(join(directory, 'incoming', id)).mode & 0o777).toBe(0o700)
    expect((await store.readEnvelope(id, 'incoming')).flush).toBe(false)
  })
})

it('F-13: tells whether somebody wants a message to expire now', async () => {
  const store = await open()
  const { id } = await committed(store, 'x\n')
  expect((await store.readEnvelope(id, 'incoming')).isForceExpired).toBeUndefined()
  fs.chmodSync(join(directory, 'incoming', id), 0o710)
  expect((await store.readEnvelope(id, 'incoming')).isForceExpired).toBe(true)
})

describe('QueueStore.readContent', () => {
  it('reads from memory while the content is cached, and from the file later', async () => {
    const store = await open({ contentCacheBytes: 17_000 })
    const { id, envelope } = await committed(store, 'first\n')
    fs.truncateSync(join(directory, 'incoming', id), 0)
    const cached = store.readContent(id, 'incoming', envelope)
    expect(Buffer.concat([...(cached as Iterable<Uint8Array>)]).toString()).toBe('first\n')
    const later = await committed(store, `${'x'.repeat(80)}\n`.repeat(100))
    fs.truncateSync(join(directory, 'incoming', later.id), 0)
    await committed(store, `${'x'.repeat(80)}\n`.repeat(100))
    expect(await text(store, later.id, later.envelope)).toHaveLength(8100)
    await expect(text(store, id, envelope)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('does not serve the content of a message that was removed', async () => {
    const store = await open({ contentCacheBytes: 10_000 })
    const { id, envelope } = await committed(store, 'first\n')
    await store.remove(id, 'incoming')
    await expect(text(store, id, envelope)).rejects.toMatchObject({ code: 'vanished' })
  })

  it('F-87: does not serve what was removed a second after it was last seen', async () => {
    const clock = new VirtualClock(1_795_190_416_000)
    const store = await open({ contentCacheBytes: 10_000, clock })
    const { id, envelope } = await committed(store, 'first\n')
    await clock.run(clock.now() + 1000)
    expect(await text(store, id, envelope)).toBe('first\n')
    fs.renameSync(join(directory, 'incoming', id), join(directory, 'hold', id))
    await clock.run(clock.now() + 999)
    expect(await text(store, id, envelope)).toBe('first\n')
    await clock.run(clock.now() + 1)
    await expect(text(store, id, envelope)).rejects.toMatchObject({ code: 'vanished' })
  })

  it('F-87: looks for the file when the clock was set back', async () => {
    const clock = new VirtualClock(1_795_190_416_000)
    const store = await open({ contentCacheBytes: 10_000, clock })
    const { id, envelope } = await committed(store, 'first\n')
    fs.renameSync(join(directory, 'incoming', id), join(directory, 'hold', id))
    clock.now = () => 1_795_190_000_000
    await expect(text(store, id, envelope)).rejects.toMatchObject({ code: 'vanished' })
  })

  it('streams large content in chunks, and finds damage', async () => {
    const store = await open()
    const { id, envelope } = await committed(store, `${'x'.repeat(70)}\n`.repeat(10_000))
    const sizes: number[] = []
    for await (const { length } of store.readContent(id, 'incoming', envelope)) sizes.push(length)
    expect(sizes.reduce((a, b) => a + b)).toBe(710_000)
    expect(sizes.length).toBe(11)
    const file = fs.openSync(join(directory, 'incoming', id), 'r+')
    fs.writeSync(file, Buffer.alloc(4096), 0, 4096, 300_000)
    fs.closeSync(file)
    await store.readEnvelope(id, 'incoming')
    const error = await text(store, id, envelope).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'corrupt',
      message: `corrupted queue file: incoming/${id}`,
    })
  })

  it('does not take a damaged record for the end of the content', async () => {
    const store = await open()
    const { id, envelope } = await committed(store, 'first\n\nsecond\n')
    const path = join(directory, 'incoming', id)
    const bytes = fs.readFileSync(path)
    bytes[bytes.indexOf('N\0')] = 0x58 // X
    fs.writeFileSync(path, bytes)
    await expect(text(store, id, envelope)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it('closes the file when it is left early', async () => {
    const calls: string[] = []
    const fileSystem = recording(calls)
    const store = await open({ fileSystem })
    const { id, envelope } = await committed(store, `${'x'.repeat(70)}\n`.repeat(2000))
    for await (const _ of store.readContent(id, 'incoming', envelope)) break
    const count = (name: string) => calls.filter((call) => call.startsWith(name)).length
    expect(count('close')).toBe(count('open '))
  })
})

describe('QueueStore.noteSent', () => {
  const WARNED = { warningTimeMs: 1_795_200_000_000 }

  it('F-53: a delay warning is not due any more, and is known to be sent', async () => {
    const store = await open()
    const draft = await store.create()
    await draft.commit({ ...message('x\n'), ...WARNED })
    expect(await store.readEnvelope(draft.id, 'incoming')).toMatchObject(WARNED)
    await store.noteSent(draft.id, 'incoming', 'delay-warning')
    const read = await store.readEnvelope(draft.id, 'incoming')
    expect(read).toMatchObject({ isDelaySent: true })
    expect(read.warningTimeMs).toBeUndefined()
    const file = fs.readFileSync(join(directory, 'incoming', draft.id), 'latin1')
    expect(file).toContain('W\x0f             -1')
  })

  it.each([
    ['1024', undefined],
    ['512', '512'],
    ['1536', '1536'],
  ])('F-53: a report of trace_flags %s was sent: they are %s then', async (flags, left) => {
    const store = await open()
    const draft = await store.create()
    const attributes = [['trace_flags', flags]] as const
    await draft.commit({ ...message('x\n'), ...WARNED, attributes })
    await store.noteSent(draft.id, 'incoming', 'trace-report')
    const read = await store.readEnvelope(draft.id, 'incoming')
    expect(read.attributes.get('trace_flags')).toBe(left)
    expect(read).toMatchObject(WARNED)
  })

  it('changes nothing where nobody asked', async () => {
    const store = await open()
    const { id, envelope } = await committed(store, 'x\n')
    await store.noteSent(id, 'incoming', 'delay-warning')
    await store.noteSent(id, 'incoming', 'trace-report')
    expect(await store.readEnvelope(id, 'incoming')).toEqual(envelope)
    const gone = store.noteSent('ABCD1', 'active', 'delay-warning')
    await expect(gone).rejects.toMatchObject({ code: 'vanished' })
  })
})

describe('QueueStore status logs', () => {
  it('F-20: reads what was appended; one that is empty is removed', async () => {
    const store = await open({ hashQueueNames: ['bounce'] })
    expect(await store.readStatusLog('bounce', 'ABCD1')).toBeUndefined()
    const text = 'a long entry\n'.repeat(10_000)
    await store.appendStatusLog('bounce', 'ABCD1', text)
    expect(await store.readStatusLog('bounce', 'ABCD1')).toEqual(Buffer.from(text))
    fs.truncateSync(join(directory, 'bounce/A/ABCD1'))
    expect(await store.readStatusLog('bounce', 'ABCD1')).toBeUndefined()
    expect(fs.existsSync(join(directory, 'bounce/A/ABCD1'))).toBe(false)
  })

  it.each([true, false])(
    'F-62: knows which bounce logs there are, longQueueIds %s',
    async (isLong) => {
      fs.mkdirSync(join(directory, 'bounce'))
      fs.writeFileSync(join(directory, 'bounce/ABCD1'), 'left\n')
      const opened: string[] = []
      const fileSystem: QueueFileSystem = {
        ...DISK,
        open: (path, ...rest) => {
          opened.push(path)
          return DISK.open(path, ...rest)
        },
      }
      const store = await open({ fileSystem, longQueueIds: isLong })
      expect(await store.readStatusLog('bounce', 'ABCD1')).toEqual(Buffer.from('left\n'))
      await store.removeStatusLog('bounce', 'ABCD1')
      opened.length = 0
      for (const id of ['ABCD1', 'ABCD2']) {
        expect(await store.readStatusLog('bounce', id)).toBeUndefined()
      }
      expect(opened).toEqual([])
      await store.appendStatusLog('bounce', 'ABCD2', 'new\n')
      expect(await store.readStatusLog('bounce', 'ABCD2')).toEqual(Buffer.from('new\n'))
    },
  )

  it('F-60: appends, mode 0600, hashed; removes silently', async () => {
    const store = await open({ hashQueueNames: ['defer'] })
    const appends = ['a\n', 'b\n', 'ü\udcff\n'].map((entry) =>
      store.appendStatusLog('defer', 'ABCD1', entry),
    )
    await Promise.all(appends)
    const path = join(directory, 'defer/A/ABCD1')
    expect(fs.readFileSync(path)).toEqual(Buffer.from('a\nb\n\xc3\xbc\xff\n', 'latin1'))
    expect(modeOf('defer/A/ABCD1')).toBe(0o600)
    await store.removeStatusLog('defer', 'ABCD1')
    await store.removeStatusLog('defer', 'ABCD1')
    expect(fs.existsSync(path)).toBe(false)
  })

  it('F-60: an append that fails takes nothing from the one that follows at once', async () => {
    let failures = 0
    const fileSystem: QueueFileSystem = {
      ...DISK,
      fsync: async (file) => {
        if (failures-- > 0) throw failure('EIO')
        await DISK.fsync(file)
      },
    }
    const store = await open({ fileSystem })
    failures = 1
    const first = store.appendStatusLog('bounce', 'ABCD1', 'first\n')
    const second = store.appendStatusLog('bounce', 'ABCD1', 'second\n')
    await expect(first).rejects.toMatchObject({ code: 'write' })
    await second
    expect(fs.readFileSync(join(directory, 'bounce/ABCD1'), 'utf8')).toBe('second\n')
  })

  it('F-60: takes back what it could not sync, and records the next entry', async () => {
    let isBroken = false
    const fileSystem: QueueFileSystem = {
      ...DISK,
      fsync: async (file) => {
        if (isBroken) throw failure('EIO')
        await DISK.fsync(file)
      },
    }
    const store = await open({ fileSystem })
    await store.appendStatusLog('bounce', 'ABCD1', 'first\n')
    isBroken = true
    const failing = store.appendStatusLog('bounce', 'ABCD1', 'second\n')
    await expect(failing).rejects.toMatchObject({ code: 'write', cause: { code: 'EIO' } })
    isBroken = false
    await store.appendStatusLog('bounce', 'ABCD1', 'third\n')
    const path = join(directory, 'bounce/ABCD1')
    expect(fs.readFileSync(path, 'utf8')).toBe('first\nthird\n')
  })
})

function open(options: Partial<QueueStoreOptions> = {}): Promise<QueueStore> {
  return QueueStore.open({
    directory,
    hashQueueNames: [],
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes: 0,
    clock: systemClock,
    log: log.logger,
    ...options,
  })
}

function message(content: string): NewMessage {
  const writer = new ContentWriter(2048, content.length)
  writer.text(Buffer.from(content))
  return {
    arrivalTimeMs: 1_795_190_416_303.331,
    sender: 'sender@example.org',
    attributes: [],
    recipients: [RECIPIENT],
    content: writer.finish(),
  }
}

async function committed(store: QueueStore, content: string) {
  const draft = await store.create()
  return { id: draft.id, envelope: await draft.commit(message(content)) }
}

async function text(
  store: QueueStore,
  id: string,
  place: { contentOffset: number; dataSize: number },
): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of store.readContent(id, 'incoming', place)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function idsOf(store: QueueStore, queue: MessageQueue): Promise<string[]> {
  return (await entriesOf(store, queue)).map(({ id }) => id)
}

async function entriesOf(store: QueueStore, queue: MessageQueue): Promise<QueueEntry[]> {
  const entries: QueueEntry[] = []
  for await (const entry of store.scan(queue)) entries.push(entry)
  return entries
}

function place(path: string, mode: number): void {
  const file = join(directory, path)
  fs.mkdirSync(join(file, '..'), { recursive: true })
  fs.writeFileSync(file, 'x')
  fs.chmodSync(file, mode)
}

function withoutTime(call: string): string {
  return call.replace(/\d+\.(\d+)/, 'µs.$1')
}

function modeOf(path: string): number {
  return fs.statSync(join(directory, path)).mode & 0o7777
}

/** Notes each call with its paths. */
function recording(calls: string[]): QueueFileSystem {
  return new Proxy(DISK, {
    get(files, name: keyof QueueFileSystem) {
      const call = files[name] as ((...args: unknown[]) => Promise<unknown>) | undefined
      if (call === undefined) return undefined
      return (...args: unknown[]) => {
        const paths = args.filter((arg) => typeof arg === 'string' && arg.startsWith('/'))
        const names = paths.map((path) => String(path).slice(directory.length + 1))
        calls.push([name, ...names].join(' '))
        return call(...args)
      }
    },
  })
}

/** Gives new files the inode number in `id`, and takes the microseconds from there. */
function sameInode(id: string): QueueFileSystem {
  const inode = Number.parseInt(id.slice(5), 16)
  return {
    ...DISK,
    fstat: (file) => ({ ...DISK.fstat(file), inode }),
  }
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code })
}
