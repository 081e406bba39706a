import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { QueueDirectory, queueFile, records } from '../test/queue-directory.ts'
import damagedFiles from '../vectors/damaged-files.json' with { type: 'json' }
import { listQueue, TextListing } from './index.ts'

let queue: QueueDirectory
beforeEach(() => {
  process.env['TZ'] = 'UTC'
  queue = new QueueDirectory()
})
afterEach(() => queue.remove())

const VECTOR_ID = 'QUEUEID__ID'

// Where Postfix 3.7.11 breaks its whole listing, or releases since then say something else.
const OTHERWISE: Readonly<Record<string, { entry?: string; log?: string[] }>> = {
  'corrupt-duplicate-sender': {
    entry: 'QUEUEID__ID!     121 Fri Nov 20 15:54:33  s80@box.example',
  },
  'corrupt-length-too-many-bits': {
    log: ['warning: hold/QUEUEID: too many length bits, record type 65'],
  },
}

describe('F-52: damaged files are listed as far as they can be read', () => {
  it.each(damagedFiles)('$name: $description', async (vector) => {
    queue.write(`hold/${VECTOR_ID}`, Buffer.from(vector.bytes, 'base64'))
    const text = new TextListing({ longQueueIds: false, smtputf8: true })
    const [header, ...lines] = (await queue.list())
      .map((message) => text.message(message))
      .join('')
      .trimEnd()
      .split('\n')
    const entry = OTHERWISE[vector.name]?.entry ?? vector.entry
    expect(lines.join('\n')).toBe(entry ?? '')
    expect(header !== '').toBe(entry !== null)
    const log = OTHERWISE[vector.name]?.log ?? vector.log
    const warnings = queue.warnings.map((text) => `warning: ${text.replace(VECTOR_ID, 'QUEUEID')}`)
    expect(warnings).toEqual(log)
  })
})

describe('F-84: order and content', () => {
  it('queues in their order, names in theirs, and of maildrop no directories', async () => {
    for (const path of [
      'hold/B1',
      'hold/A1',
      'deferred/C/CC1',
      'deferred/B/BB1',
      'incoming/D1',
      'active/E1',
      'maildrop/F1',
      'maildrop/0/0F2',
      'corrupt/G1',
    ]) {
      queue.write(path, queueFile('s@example.org', 'r@example.net'))
    }
    const messages = await queue.list()
    const places = messages.map(({ queueName, queueId }) => `${queueName}/${queueId}`)
    expect(places).toEqual([
      'maildrop/F1',
      'active/E1',
      'incoming/D1',
      'deferred/BB1',
      'deferred/CC1',
      'hold/A1',
      'hold/B1',
    ])
  })

  it('many come in order, and not more than sixteen are read ahead of who takes them', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `A${String(index).padStart(3, '0')}`)
    for (const id of ids) queue.write(`hold/${id}`, queueFile('s@x', 'r@x'))
    let opened = 0
    const { open } = queue.files
    queue.files.open = (path, how, mode) => {
      if (path.includes('/hold/')) opened++
      return open(path, how, mode)
    }
    const listed: string[] = []
    for await (const { queueId } of listQueue(queue.options, queue.ports)) {
      listed.push(queueId)
      expect(opened).toBeLessThanOrEqual(listed.length + 15)
    }
    expect(listed).toEqual(ids)
  })

  it('null addresses have the name that main.cf gives them, others their quotes', async () => {
    queue.write('hold/A1', queueFile('', 'x y@example.net', ''))
    const [message] = await queue.list({ emptyAddressRecipient: 'postmaster' })
    expect(message?.sender).toBe('postmaster')
    expect(message?.recipients.map(({ address }) => address)).toEqual([
      '"x y"@example.net',
      'postmaster',
    ])
  })

  it('recipients of the logs come first, each once; done and cancelled ones do not come', async () => {
    const file = records(
      ['T', '1795190074 0'],
      ['S', 's@example.org'],
      ['O', 'alias@example.net'],
      ['R', 'a@example.net'],
      ['R', 'b@example.net'],
      ['O', 'd@example.net'],
      ['D', 'd@example.net'],
      ['/', 'e@example.net'],
      ['R', 'c@example.net'],
      ['E', ''],
    )
    queue.write('deferred/A/A1', file)
    queue.write('defer/A/A1', JSON.stringify([{ recipient: 'c@example.net', reason: 'later' }]))
    queue.write('bounce/A1', JSON.stringify([{ recipient: 'd@example.net', reason: 'never' }]))
    const [message] = await queue.list()
    expect(message?.recipients).toEqual([
      { address: 'c@example.net', reason: 'later', source: 'defer' },
      { address: 'd@example.net', reason: 'never', source: 'bounce' },
      {
        address: 'a@example.net',
        originalAddress: 'alias@example.net',
        reason: '',
        source: 'file',
      },
      { address: 'b@example.net', reason: '', source: 'file' },
    ])
  })

  it('duplicate_filter_limit: what is not remembered is listed again', async () => {
    const addresses = ['a@example.net', 'b@example.net']
    queue.write('deferred/A/A1', queueFile('s@example.org', ...addresses))
    const log = addresses.map((recipient) => ({ recipient, reason: 'later' }))
    queue.write('defer/A/A1', JSON.stringify(log))
    const listed = async (duplicateFilterLimit: number): Promise<number | undefined> => {
      return (await queue.list({ duplicateFilterLimit }))[0]?.recipients.length
    }
    expect([await listed(0), await listed(1), await listed(2)]).toEqual([2, 3, 2])
  })

  it('F-13: the mode says whether it is complete, and whether to be expired', async () => {
    queue.write('hold/A1', queueFile('s@x', 'r@x'), 0o710)
    queue.write('hold/B1', queueFile('s@x', 'r@x'), 0o600)
    queue.write('hold/C1', queueFile('s@x', 'r@x'), 0o400)
    expect(
      (await queue.list()).map(({ queueId, isForcedExpire }) => [queueId, isForcedExpire]),
    ).toEqual([['A1', true]])
  })

  it('F-14: what is no file is named in a warning; names that are no ids are not', async () => {
    symlinkSync('/nowhere', join(queue.path, 'link'))
    queue.write('hold/bad.name', queueFile('s@x', 'r@x'))
    symlinkSync('/nowhere', join(queue.path, 'hold/A1'))
    expect(await queue.list()).toEqual([])
    expect(queue.warnings).toEqual([
      expect.stringMatching(/^hold\/A1: uid \d+: not a regular file$/),
    ])
  })

  it('a file that cannot be read does not keep the others from view', async () => {
    queue.write('hold/A1', queueFile('s@x', 'r@x'))
    queue.write('hold/B1', queueFile('s@x', 'r@x'))
    const { open } = queue.files
    const failing = systemError('EIO')
    queue.files.open = (path, how, mode) => {
      return path.endsWith('A1') ? Promise.reject(failing) : open(path, how, mode)
    }
    expect((await queue.list()).map(({ queueId }) => queueId)).toEqual(['B1'])
    expect(queue.warnings).toEqual(['hold/A1: EIO: no luck'])
  })

  it('a directory that cannot be read is an error', async () => {
    queue.write('hold/A1', queueFile('s@x', 'r@x'))
    queue.files.opendir = () => Promise.reject(systemError('EACCES'))
    await expect(queue.list()).rejects.toThrow('EACCES')
  })
})

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: no luck`), { code, syscall: 'call' })
}
