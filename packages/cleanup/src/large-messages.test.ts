import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { QueueFileError } from '@posthouse/queue-store'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { glue, Scene } from '../test/scene.ts'
import { contentChecks } from '../test/tables.ts'
import { type MessageDraft, type MessageStore, qmqpReply } from './index.ts'

const MIB = 1024 * 1024
const UNLIMITED = { messageSizeLimit: 0 }
const HEADER = 'From: x@example.org\nDate: today\nMessage-Id: <1@example.org>\n'

let scene: Scene
beforeAll(async () => {
  scene = await Scene.open()
})
afterAll(() => scene.close())

const incoming = () => readdirSync(join(scene.directory, 'incoming'))

/** The store of the scene, with drafts that are watched. */
function watched(part: (draft: MessageDraft) => Partial<MessageDraft>): MessageStore {
  return {
    create: async () => {
      const draft = await scene.store.create()
      const all = {
        id: draft.id,
        createTimeMs: draft.createTimeMs,
        start: draft.start.bind(draft),
        append: draft.append.bind(draft),
        finish: draft.finish.bind(draft),
        abort: draft.abort.bind(draft),
      }
      return { ...all, ...part(all) }
    },
  }
}

function linesOf(bytes: number): string {
  const line = `${'0123456789'.repeat(7)}\r\n`
  return line.repeat(Math.ceil(bytes / line.length))
}

it('Q-341: stores a message of several blocks as it is', async () => {
  const blocks: number[] = []
  const store = watched((draft) => ({
    append: (records) => {
      blocks.push(records.length)
      return draft.append(records)
    },
  }))
  const text = `${HEADER}X: ${'y\n '.repeat(30_000)}z\n\n${linesOf(MIB)}${'long'.repeat(100_000)}`
  const content = Buffer.from(text)
  const options = { ...UNLIMITED, replaceStrayCr: false }
  const { queued, result } = await scene.submit({ content }, { options, ports: { store } })
  expect(glue(queued!.content).slice(glue(queued!.content).indexOf('From:'))).toBe(`${text}\n`)
  expect(result).toMatchObject({ kind: 'queued', envelope: { recipientCount: 1 } })
  expect(blocks.length).toBeGreaterThan(3)
  expect(Math.max(...blocks)).toBeLessThan(MIB / 2)
})

it('writes a message of 256 KB at once', async () => {
  const store = watched(() => ({ append: () => Promise.reject(new Error('not at once')) }))
  const content = Buffer.from(HEADER + linesOf(250_000))
  const { result } = await scene.submit({ content }, { ports: { store } })
  expect(result.kind).toBe('queued')
})

it('stores 50 MB with no more memory than a few blocks beyond the text', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let most = 0
  let count = 0
  const sample = (): void => {
    if (count++ % 20 > 0) return
    collect()
    const { heapUsed, external } = process.memoryUsage()
    most = Math.max(most, heapUsed + external)
  }
  const store = watched((draft) => ({
    append: async (records) => {
      sample()
      await draft.append(records)
    },
    finish: (content, queue) => {
      count = 0
      sample()
      return draft.finish(content, queue)
    },
  }))
  const content = Buffer.alloc(50 * MIB, linesOf(1))
  content.write(`${HEADER}\n`)
  sample()
  const before = most
  const { result } = await scene.submit({ content }, { options: UNLIMITED, ports: { store } })
  expect(result.kind).toBe('queued')
  expect((most - before) / MIB).toBeLessThan(12)
}, 60_000)

it.each([
  ['Q-330: too large goes before what is wrong with the MIME structure', `\xe9${linesOf(9_000)}`],
  ['Q-570: what is behind the limit is not looked at', `${linesOf(9_000)}reject\n`],
])('%s', async (_, body) => {
  const content = Buffer.from(`${HEADER}\n${body}`)
  const options = { messageSizeLimit: 6_000, strict8bitmimeBody: true }
  const checks = contentChecks({ bodyChecks: '/^reject/ REJECT\n' })
  const { id, result, lines } = await scene.submit({ content }, { options, checks })
  expect(qmqpReply(result)).toEqual({ kind: 'permanent', text: 'Error: message too large' })
  expect(lines.filter((line) => !line.includes('mime-error'))).toEqual([
    '<QID>: message-id=<1@example.org>',
    'warning: <QID>: queue file size limit exceeded',
    'warning: mail_stream_cleanup: close error',
    '<QID>: removed (canceled)',
  ])
  expect(incoming()).not.toContain(id)
})

// Postfix writes 4096 bytes at a time; our envelope and Received have some 500 here.
it.each([
  [3_000, 300, true],
  [3_000, 380, false],
  [5_000, 700, true],
  [5_000, 790, false],
  [4_096, 700, true],
  [4_096, 790, false],
  [0, 10_000, true],
])('Q-570: with a limit of %i, a header behind %i others is looked at: %s', async (...row) => {
  const [messageSizeLimit, others, isLookedAt] = row
  const content = Buffer.from(`${'X:345678\n'.repeat(others)}Message-Id: <1@x>\nReject: x\n\n`)
  const options = { messageSizeLimit }
  const sized = await scene.submit({ content }, { options })
  expect(sized.lines.includes('<QID>: message-id=<1@x>')).toBe(isLookedAt)
  expect(sized.result.kind).toBe(messageSizeLimit === 0 ? 'queued' : 'rejected')
  const checks = contentChecks({ headerChecks: '/^Reject/ REJECT\n' })
  const { result } = await scene.submit({ content }, { options, checks })
  expect(result).toMatchObject({ kind: 'rejected', status: isLookedAt ? 'cont' : 'size' })
})

it('Q-330: a disk that runs full meanwhile refuses the message for now', async () => {
  const error = new QueueFileError('write', 'queue file write error: ENOSPC')
  const store = watched(() => ({ append: () => Promise.reject(error) }))
  const content = Buffer.from(HEADER + linesOf(MIB))
  const { id, result, lines } = await scene.submit({ content }, { ports: { store } })
  expect(qmqpReply(result)).toEqual({ kind: 'temporary', text: 'Error: queue file write error' })
  expect(lines.slice(-2)).toEqual([
    'warning: <QID>: queue file write error: ENOSPC',
    '<QID>: removed (canceled)',
  ])
  expect(incoming()).not.toContain(id)
})

it('removes what it has stored when a check discards the message', async () => {
  const content = Buffer.from(`${HEADER}\n${linesOf(MIB)}discard\n`)
  const checks = contentChecks({ bodyChecks: '/^discard/ DISCARD\n' })
  const options = { bodyChecksSizeLimit: 0 }
  const { id, result } = await scene.submit({ content }, { options, checks })
  expect(result.kind).toBe('discarded')
  expect(incoming()).not.toContain(id)
})
