import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeRecord, RecordReader } from '@posthouse/queue-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import {
  type MaildropFiles,
  matchesSenderPatterns,
  nodeMaildropFiles,
  PostdropError,
  type PostdropSystem,
  parseReplies,
  runPostdrop,
} from './index.ts'

interface Run {
  readonly title: string
  readonly input: string
  readonly stdout: string
  readonly stderr: string[]
  readonly exit: number
  readonly mode: string | null
  readonly records: [type: string, text: string][]
}

const TRANSCRIPT: Run[] = JSON.parse(
  readFileSync(new URL('../vectors/transcript.json', import.meta.url), 'utf8'),
)
// Release 3.12 is stricter but for size records, and what is refused is removed: [R] of F-57.
const OTHERWISE = new Map([
  ['unexpected record type: size C', undefined],
  ['time record from client is replaced', undefined],
  ['type 0 record', 'unexpected record type: 0'],
  [
    'newline and NUL in envelope records',
    "null or line break in 'sender' record type: u@x.example?",
  ],
  ['NUL in sender', "null or line break in 'sender' record type: u?@x.example"],
])
const SMALL = records(['S', 'u@x.example'], ['R', 'a@y.example'], ['M', ''], ['X', ''], ['E', ''])
const START_MS = Date.UTC(2026, 0, 1) + 45.741

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postdrop-'))
  mkdirSync(join(directory, 'maildrop'))
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('runPostdrop', () => {
  it.each(TRANSCRIPT.filter(({ title }) => !OTHERWISE.has(title)))(
    'F-57: $title',
    async (recorded) => {
      for (const chunkBytes of [1, 65_536]) {
        const run = await postdrop(Buffer.from(recorded.input, 'hex'), { chunkBytes })
        expect(run.stderr).toEqual(recorded.stderr)
        expect(run.status).toBe(recorded.exit)
        expect(withoutId(run.stdout)).toBe(withoutId(recorded.stdout))
        if (recorded.mode !== '744') expect(run.files).toEqual([])
        else {
          expect(run.files).toEqual([/queue_id\0(\w+)/.exec(run.stdout)?.[1]])
          expect(await stored(run.files[0]!)).toEqual(recorded.records)
          expect(lstatSync(join(directory, 'maildrop', run.files[0]!)).mode & 0o777).toBe(0o744)
          rmSync(join(directory, 'maildrop', run.files[0]!))
        }
      }
    },
  )

  it.each([...OTHERWISE])('F-57: %s, as release 3.12 does', async (title, fatal) => {
    const { input } = TRANSCRIPT.find((recorded) => recorded.title === title)!
    const run = await postdrop(Buffer.from(input, 'hex'))
    if (fatal === undefined) expect(run.stderr).toEqual([])
    else expect(run.stderr).toEqual([`postdrop: fatal: uid=0: ${fatal}`])
    expect(run.files.length).toBe(fatal === undefined ? 1 : 0)
  })

  it('F-36: its own time is the first record', async () => {
    const run = await postdrop(SMALL)
    const [type, text] = (await stored(run.files[0]!, true))[0]!
    expect(`${type} ${text}`).toBe('T 1767225600 45741')
  })

  it('F-5: long queue ids', async () => {
    const run = await postdrop(SMALL, { system: { longQueueIds: true } })
    expect(run.files[0]).toMatch(/^4dhRlh\w{4}z\w+$/)
  })

  it('F-10: wakes pickup when the message is there, and does not mind if nobody listens', async () => {
    let found: string[] = []
    const triggerPickup = async (): Promise<void> => {
      found = readdirSync(join(directory, 'maildrop'))
      throw new Error('connect ENOENT')
    }
    const run = await postdrop(SMALL, { system: { triggerPickup } })
    expect(found).toEqual(run.files)
    expect(run.status).toBe(0)
  })

  it('F-57: refuses a sender that local_login_sender_maps do not allow, after the rest', async () => {
    const system = { mayUseSender: (sender: string) => sender !== 'u@x.example' }
    const run = await postdrop(SMALL, { system })
    const reason = "not authorized to use sender='u@x.example'"
    expect(parseReplies(run.stdout)).toEqual({ status: 512, reason })
    expect(run).toMatchObject({ status: 0, files: [] })
  })

  it('F-18: refuses what is larger than message_size_limit', async () => {
    const run = await postdrop(SMALL, { system: { maxFileBytes: 40 } })
    expect(run.stderr).toEqual(['postdrop: warning: uid=0: File too large'])
    expect(parseReplies(run.stdout)).toEqual({ status: 4, reason: 'message file too big' })
    expect(run).toMatchObject({ status: 4, files: [] })
  })

  it('two senders are one too many', async () => {
    const run = await postdrop(records(['S', 'a'], ['S', 'b']))
    expect(run.stderr).toEqual(['postdrop: fatal: uid=0: more than one sender record'])
  })

  it('F-57: a signal leaves nothing behind', async () => {
    async function* input(): AsyncGenerator<Buffer> {
      yield SMALL.subarray(0, 20)
      throw new PostdropError('ended by SIGTERM')
    }
    const run = await postdrop(input())
    expect(run).toMatchObject({ status: 1, files: [] })
    expect(run.stderr).toEqual(['postdrop: fatal: uid=0: ended by SIGTERM'])
  })

  it.each(['write', 'chmod', 'sync', 'close', 'rename', 'syncDirectory'])(
    'F-17: if %s fails, the client is told and nothing is left',
    async (call) => {
      const run = await postdrop(SMALL, { system: { files: failingAt(call) } })
      expect(parseReplies(run.stdout)).toEqual({ status: 2, reason: 'queue file write error' })
      expect(run.stderr).toEqual([`postdrop: warning: uid=0: ENOSPC: ${call}`])
      expect(run).toMatchObject({ status: 2, files: [] })
    },
  )

  it('says what is needed where users may not write', async () => {
    const create = async () => {
      throw Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' })
    }
    const run = await postdrop(SMALL, { system: { files: { ...nodeMaildropFiles, create } } })
    expect(run.stderr[0]).toContain('ordinary users need a postdrop that is set-gid')
    expect(run.status).toBe(1)
  })

  it('a name that is taken is passed over', async () => {
    let tries = 0
    const create: MaildropFiles['create'] = async (path, mode) => {
      if (tries++ > 0) return nodeMaildropFiles.create(path, mode)
      throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' })
    }
    const run = await postdrop(SMALL, { system: { files: { ...nodeMaildropFiles, create } } })
    expect(run).toMatchObject({ status: 0, stderr: [] })
  })

  it('F-82: refuses options that it does not have', async () => {
    const run = await postdrop(SMALL, { args: ['-x'] })
    expect(run.stderr).toEqual([
      "postdrop: invalid option -- 'x'",
      'postdrop: fatal: usage: postdrop [-c config_dir] [-v]',
    ])
    expect(run.status).toBe(1)
  })

  it('F-82: says what is wrong with the configuration', async () => {
    const run = await postdrop(SMALL, { args: ['-c', '/nonexistent'] })
    const text = 'open /nonexistent/main.cf: No such file or directory'
    expect(run.stderr).toEqual([`postdrop: fatal: ${text}`])
    expect(run.status).toBe(1)
  })
})

describe('matchesSenderPatterns', () => {
  it.each([
    ['*', 'anyone@x.example', true],
    ['<>', '', true],
    ['<>', 'u@x.example', false],
    ['', 'u@x.example', false],
    ['@x.example', 'U@X.example', true],
    ['@x.example', 'u@y.example', false],
    ['@x.example', '@x.example', true],
    ['ann, bob bob@x.example', 'bob@x.example', true],
    ['ann, bob bob@x.example', 'bob', true],
    ['bob', 'bob+news', true],
    ['bob@x.example', 'bob+news@x.example', true],
    ['+bob', '+bob', true],
    ['bob@x.example', 'bob', false],
  ])('local_login_sender_maps: %j, %j', (patterns, sender, expected) => {
    expect(matchesSenderPatterns(patterns, sender, { recipientDelimiter: '+-' })).toBe(expected)
  })
})

interface Given {
  readonly args?: readonly string[]
  readonly chunkBytes?: number
  readonly system?: Partial<PostdropSystem>
}

async function postdrop(input: Buffer | AsyncIterable<Buffer>, given: Given = {}) {
  const { args = ['-r'], chunkBytes = 65_536, system = {} } = given
  const out: Buffer[] = []
  const err: Buffer[] = []
  const status = await runPostdrop(args, {
    input: Buffer.isBuffer(input) ? chunks(input, chunkBytes) : input,
    stdout: (bytes) => out.push(Buffer.from(bytes)),
    stderr: (bytes) => err.push(Buffer.from(bytes)),
    open: (configDirectory) => {
      if (configDirectory !== undefined) {
        throw new Error(`open ${configDirectory}/main.cf: No such file or directory`)
      }
      return {
        queueDirectory: directory,
        longQueueIds: false,
        maxFileBytes: 10_240_000,
        processId: 42,
        files: nodeMaildropFiles,
        nowMs: () => START_MS,
        lineLengthLimit: 2048,
        userId: 0,
        mayUseSender: () => true,
        triggerPickup: async () => undefined,
        ...system,
      }
    },
  })
  const stderr = Buffer.concat(err).toString().split('\n').slice(0, -1)
  const files = readdirSync(join(directory, 'maildrop'))
  return { status, stdout: Buffer.concat(out).toString(), stderr, files }
}

/** The file system of this machine, whose disk is full when `call` is made. */
function failingAt(call: string): MaildropFiles {
  const fail = async () => {
    throw Object.assign(new Error(`ENOSPC: ${call}`), { code: 'ENOSPC', syscall: call })
  }
  const broken: MaildropFiles = {
    ...nodeMaildropFiles,
    create: async (path, mode) => {
      const file = await nodeMaildropFiles.create(path, mode)
      if (!(call in file)) return file
      return { ...file, [call]: () => file.close().then(fail) }
    },
  }
  return call in broken ? { ...broken, [call]: fail } : broken
}

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function records(...list: [type: string, text: string][]): Buffer {
  return Buffer.concat(
    list.map(([type, text]) => encodeRecord(type.charCodeAt(0), Buffer.from(text))),
  )
}

async function stored(name: string, withTime = false): Promise<[type: string, text: string][]> {
  const bytes = readFileSync(join(directory, 'maildrop', name))
  const read = async (at: number, length: number) => bytes.subarray(at, at + length)
  const reader = new RecordReader(read, bytes.length)
  const found: [string, string][] = []
  for (let record = await reader.read(); record; record = await reader.read()) {
    found.push([String.fromCharCode(record.type), record.data.toString('latin1')])
  }
  return withTime ? found : found.filter(([type]) => type !== 'T')
}

function withoutId(stdout: string): string {
  return stdout.replace(/queue_id\0\w+/, 'queue_id\0ID')
}
