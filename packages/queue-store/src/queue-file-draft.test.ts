import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@posthouse/clock'
import { memoryLogger } from '@posthouse/mail-log'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { callByCall } from '../test/call-by-call.ts'
import {
  ContentWriter,
  type MessageEnvelope,
  type NewEnvelope,
  nodeFileSystem,
  type QueueFileSystem,
  QueueStore,
  type QueueStoreOptions,
} from './index.ts'

const DISK = callByCall(nodeFileSystem(systemClock.now))
const ENVELOPE: NewEnvelope = {
  arrivalTimeMs: 1_795_190_416_045.741,
  sender: 'sender@example.org',
  attributes: [['log_client_name', 'localhost']],
  recipients: [{ address: 'r@example.net', original: 'r@example.net', notify: 4 }],
}
const REST = {
  encoding: '8bit',
  messageId: '<1@example.org>',
  filter: 'scan:there',
  sendOptions: 2,
  extraRecipients: [{ address: 'copy@example.net', original: 'copy@example.net', notify: 1 }],
} as const

let directory: string
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'queue-file-draft-'))
})
afterEach(() => fs.rmSync(directory, { recursive: true }))

function open(
  fileSystem: Partial<QueueFileSystem> = {},
  options: Partial<QueueStoreOptions> = {},
): Promise<QueueStore> {
  return QueueStore.open({
    directory,
    hashQueueNames: [],
    hashQueueDepth: 1,
    longQueueIds: false,
    contentCacheBytes: 1024 * 1024,
    clock: systemClock,
    log: memoryLogger().logger,
    fileSystem: { ...DISK, fsync: async () => undefined, ...fileSystem },
    ...options,
  })
}

function records(text: string): Uint8Array {
  const writer = new ContentWriter(2048, 0)
  writer.text(Buffer.from(text))
  return writer.finish()
}

async function textOf(store: QueueStore, envelope: MessageEnvelope): Promise<string> {
  const chunks: Uint8Array[] = []
  const reading = store.readContent(envelope.id, 'incoming', envelope)
  for await (const chunk of reading) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const incoming = () => fs.readdirSync(join(directory, 'incoming'))

describe('QueueFileDraft.commit', () => {
  it('keeps the text that comes with the records in memory, or takes it from them', async () => {
    const store = await open()
    const message = { ...ENVELOPE, content: records('first\n') }
    const own = await (await store.create()).commit(message)
    expect(await textOf(store, own)).toBe('first\n')
    const given = await (await store.create()).commit({ ...message, text: Buffer.from('given\n') })
    expect(await textOf(store, given)).toBe('given\n')
  })
})

describe('QueueFileDraft.append', () => {
  it('F-46: makes the file that a commit of the whole message makes', async () => {
    const store = await open()
    const text = fc.string({ maxLength: 300 }).map((line) => `${line.replaceAll('\n', ' ')}\n`)
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 2, maxLength: 6 }), async (texts) => {
        const blocks = texts.map(records)
        const pieces = await store.create()
        const whole = await store.create()
        pieces.start(ENVELOPE)
        for (const block of blocks.slice(0, -1)) await pieces.append(block)
        const finished = await pieces.finish({ ...REST, content: blocks.at(-1)! })
        const content = Buffer.concat(blocks)
        const committed = await whole.commit({ ...ENVELOPE, ...REST, content })
        expect({ ...finished, id: '', createTimeMs: 0 }).toEqual({
          ...committed,
          id: '',
          createTimeMs: 0,
        })
        expect(await store.readEnvelope(pieces.id, 'incoming')).toEqual(finished)
        expect(fileOf(pieces.id)).toBe(fileOf(whole.id))
      }),
      { numRuns: 30 },
    )
  })

  it('F-43: has a trace log made before it, or neither', async () => {
    let failing: 'none' | 'trace' | 'message' = 'none'
    let syncs = 0
    const fsync = async (): Promise<void> => {
      syncs += 1
      if (failing === (syncs === 1 ? 'trace' : 'message')) {
        throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      }
    }
    const store = await open({ fsync })
    const message = { ...ENVELOPE, content: records('x\n'), traceLog: '\nentry\n\n' }
    for (failing of ['trace', 'message', 'none'] as const) {
      syncs = 0
      const draft = await store.create()
      const committing = draft.commit(message)
      if (failing === 'none') await committing
      else await expect(committing).rejects.toMatchObject({ code: 'write' })
      const there = failing === 'none' ? [draft.id] : []
      expect(fs.readdirSync(join(directory, 'trace'))).toEqual(there)
      expect(incoming()).toEqual(there)
    }
  })

  it('F-10: is written to a file that nobody takes for complete, size record last', async () => {
    const writes: string[] = []
    const store = await open({
      writev: (file, buffers, position) => {
        const lengths = buffers.map(({ length }) => length)
        writes.push(`${position}: ${lengths.join(' ')}`)
        return DISK.writev(file, buffers, position)
      },
    })
    const draft = await store.create()
    const room = draft.start({ ...ENVELOPE, maxFileBytes: 100_000 })
    const offset = 100_000 - room
    await draft.append(records('first\n'))
    await draft.append(records('second\n'))
    expect(incoming()).toEqual([expect.stringMatching(/^\d+\.0$/)])
    expect(fs.readFileSync(join(directory, 'incoming', incoming()[0]!), 'latin1')).toMatch(
      /^C_ {95}T.*N\x05firstN\x06second$/s,
    )
    await draft.finish({ content: records('third\n') })
    expect(writes).toEqual([`0: ${offset} 7`, `${offset + 7}: 8`, `${offset + 15}: 7 4`, '0: 97'])
  })

  it('keeps the text of a message in the cache only if nothing of it was appended', async () => {
    const store = await open()
    const whole = await store.create()
    const kept = await whole.commit({ ...ENVELOPE, content: records('x\n') })
    const pieces = await store.create()
    pieces.start(ENVELOPE)
    await pieces.append(records('x\n'))
    const written = await pieces.finish({ content: records('y\n') })
    const fromMemory = store.readContent(whole.id, 'incoming', kept)
    expect([...(fromMemory as Iterable<Uint8Array>)].join('')).toBe('x\n')
    const fromFile = store.readContent(pieces.id, 'incoming', written)
    expect(Symbol.iterator in fromFile).toBe(false)
    const chunks: Uint8Array[] = []
    for await (const chunk of fromFile) chunks.push(chunk)
    expect(Buffer.concat(chunks).toString()).toBe('x\ny\n')
  })

  it('Q-345: refuses what is above the limit before it writes it, or says so at the start', async () => {
    const store = await open()
    const draft = await store.create()
    const room = draft.start({ ...ENVELOPE, maxFileBytes: 1000 })
    const block = records(`${'x'.repeat(200)}\n`)
    const fitting = Math.floor(room / block.length)
    for (let count = 0; count < fitting; count++) await draft.append(block)
    await expect(draft.append(block)).rejects.toMatchObject({ code: 'too-large' })
    await draft.abort()
    const other = await store.create()
    expect(other.start({ ...ENVELOPE, maxFileBytes: 100 })).toBeLessThan(0)
    await expect(other.finish({ content: records('x\n') })).rejects.toMatchObject({
      code: 'too-large',
    })
    expect(incoming()).toEqual([])
    expect((await store.create()).start(ENVELOPE)).toBe(Number.POSITIVE_INFINITY)
  })

  it('F-17: says that the disk is full; the file goes when the draft is aborted', async () => {
    let writes = 0
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' })
    const store = await open({
      writev: (file, buffers, position) => {
        if (++writes === 2) throw full
        return DISK.writev(file, buffers, position)
      },
    })
    const draft = await store.create()
    draft.start(ENVELOPE)
    await draft.append(records('x\n'))
    await expect(draft.append(records('y\n'))).rejects.toMatchObject({
      code: 'write',
      message: 'queue file write error: ENOSPC',
    })
    await draft.abort()
    expect(incoming()).toEqual([])
  })

  it('takes only content records, of a draft that is started and not ended', async () => {
    const store = await open()
    const draft = await store.create()
    await expect(draft.append(records('x\n'))).rejects.toThrow('that is started')
    draft.start(ENVELOPE)
    expect(() => draft.start(ENVELOPE)).toThrow('one start')
    await expect(draft.append(Buffer.from('Subject: x\n'))).rejects.toThrow('content records')
    await draft.abort()
    await expect(draft.append(records('x\n'))).rejects.toThrow('not committed or aborted')
    await expect(draft.finish({ content: records('x\n') })).rejects.toThrow(TypeError)
  })
})

/** A file, but for the times in it. */
function fileOf(id: string): string {
  const text = fs.readFileSync(join(directory, 'incoming', id), 'latin1')
  return text.replace(/create_time=\d+/, '')
}

describe('QueueFileDraft.commit, with calls that are made together', () => {
  const together = nodeFileSystem(systemClock.now)

  async function commit(fileSystem: Partial<QueueFileSystem>, options = {}): Promise<string> {
    const store = await open({ ...together, ...fileSystem }, options)
    const draft = await store.create()
    calls = []
    await draft.commit({ ...ENVELOPE, ...REST, content: records('text\n') })
    const { recipients } = await store.readEnvelope(draft.id, 'incoming')
    expect(recipients).toHaveLength(2)
    return draft.id
  }

  let calls: string[] = []
  const noted: Partial<QueueFileSystem> = {
    writev: (...args) => {
      calls.push('writev')
      return together.writev(...args)
    },
    rename: (...args) => {
      calls.push('rename')
      return together.rename(...args)
    },
    fsync: async () => void calls.push('fsync'),
  }

  it('makes no other call to write, rename or sync', async () => {
    const id = await commit(noted)
    expect(incoming()).toEqual([id])
    expect(calls).toEqual([])
  })

  it('F-8: makes hash directories and goes on call by call', async () => {
    const id = await commit(noted, { hashQueueNames: ['incoming'] })
    expect(fs.readdirSync(join(directory, 'incoming', id[0]!))).toEqual([id])
    expect(calls).toEqual(['writev', 'rename', 'rename', 'fsync'])
  })

  it('F-17: removes the file when it was renamed, but could not be synced', async () => {
    const error = Object.assign(new Error('x'), { code: 'EIO' })
    const store: QueueFileSystem['store'] = async (_file, _buffers, from, to) => {
      fs.renameSync(from, to)
      return { isRenamed: true, error }
    }
    await expect(commit({ store })).rejects.toThrow('queue file write error: EIO')
    expect(incoming()).toEqual([])
  })
})
