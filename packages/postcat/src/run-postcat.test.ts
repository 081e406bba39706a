import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'

import { MemoryFiles, type Outcome } from '../test/memory-files.ts'
import queueFiles from '../vectors/queue-files.json' with { type: 'json' }
import runs from '../vectors/runs.json' with { type: 'json' }
import transcript from '../vectors/transcript.json' with { type: 'json' }
import { runPostcat } from './index.ts'

// Recorded from Postfix 3.7.11 with the time zone UTC. F-29 has the text of 3.12.
process.env['TZ'] = 'UTC'
const TEXT_OF_3_7 = 'illegal length -1, record type 65'
const TEXT = 'too many length bits, record type 65'
const ID = '0642021A16B'

const OLD = [
  record('C', '            121'),
  ...[record('S', 'a'), record('M'), record('N', 'H: x'), record('N'), record('N', 'body')],
  ...[record('X'), record('E')],
]

const world = new MemoryFiles()
for (const [name, bytes] of Object.entries(queueFiles)) {
  world.files.set(name, Buffer.from(bytes, 'base64'))
}
const postcat = (...args: string[]) => world.run((ports) => runPostcat(args, ports))

describe('F-88: queue files as Postfix shows them', () => {
  it.each(runs)('postcat $args', async (run) => {
    const { status, stdout, stderr } = await postcat(...run.args)
    expect(stderr).toBe(run.stderr.replace(TEXT_OF_3_7, TEXT))
    if (run.stdout !== undefined) expect(stdout.toString()).toBe(run.stdout)
    else expect(createHash('sha256').update(stdout).digest('hex')).toBe(run.stdoutSha256)
    expect(status).toBe(run.status)
    expect(world.open).toBe(0)
  })

  it.each(transcript)('$user: $command', async ({ user, command, ...expected }) => {
    if (command.includes(ID)) placeInHold(user)
    expect(await perform(command)).toEqual(expected)
  })
})

describe('F-88: what was not recorded', () => {
  const NAME = 'milter-all-edits.bin'
  const text = async (...args: string[]) => (await postcat(...args, NAME)).stdout.toString()

  it('-f shows the path before all else', async () => {
    const lines = (await text('-fdoh')).split('\n')
    expect(lines[0]).toBe(
      `${NAME}:       770  78 Received: from client.example.net (unknown [127.0.0.1])`,
    )
  })

  it('-r goes on behind the end record and follows no pointer, without -v too', async () => {
    expect(await text('-s', '1295', '-ro')).toMatch(
      /^ +1295 \*\*\* HEADER .*\n +1314 \*\*\* MESSAGE FILE END .*\n +1316 X-First: first\n/,
    )
  })

  it('an unusable size record does not keep the body from being shown', async () => {
    world.files.set('old', Buffer.concat(OLD))
    const { status, stdout, stderr } = await postcat('-b', 'old')
    expect(stderr).toBe('postcat: warning: invalid size record:             121\n')
    expect(stdout.toString()).toBe('\nbody\n')
    expect(status).toBe(0)
  })

  it('-q finds a file in its hash directory, and one that moved meanwhile', async () => {
    world.failures.clear()
    world.files.set('/queue/deferred/0/00000ABC', messageOf('00000ABC'))
    expect((await postcat('-q', '00000ABC')).stdout.toString()).toMatch(
      /^\*\*\* ENVELOPE RECORDS deferred\/0\/00000ABC \*\*\*\n/,
    )
    const { openFile } = world.ports
    const moved = async (path: string) => {
      if (path.includes('/saved/')) world.files.set('/queue/incoming/00001ABC', messageOf('1'))
      return openFile(path)
    }
    const { status } = await world.run((ports) =>
      runPostcat(['-q', '00001ABC'], { ...ports, openFile: moved }),
    )
    expect(status).toBe(0)
  })

  it('main.cf is read even when no queue is looked at', async () => {
    const { status, stderr } = await postcat('-c', '/broken', NAME)
    expect(stderr).toBe('postcat: fatal: open /broken/main.cf: Permission denied\n')
    expect(status).toBe(1)
  })

  it.each([
    ['-5', '-5'],
    ['5x', '5x'],
    ['99999999999999999999', '99999999999999999999'],
  ])('-s %s is no offset', async (_, offset) => {
    const { status, stderr } = await postcat('-s', offset, NAME)
    expect(stderr).toBe(`postcat: fatal: bad offset: ${offset}\n`)
    expect(status).toBe(1)
  })
})

function placeInHold(user: string): void {
  world.files.set(`/queue/hold/${ID}`, messageOf(ID))
  world.failures.clear()
  if (user === 'nobody') world.failures.set(`/queue/maildrop/${ID}`, 'EACCES')
}

// What is known of the message that was recorded.
function messageOf(id: string): Buffer {
  const content = `Received: from client.example.net (unknown [127.0.0.1])
\tby mail.example.com (Postfix) with ESMTP id ${id}
\tfor <a@hold.example>; Fri, 20 Nov 2026 16:35:53 +0000 (UTC)
From: s@box.example
To: user@bounce.example
Subject: test
Date: Thu, 1 Jan 2026 00:00:00 +0000
Message-ID: <one@box.example>

Hello world
second line`
  const lines = content.split('\n').map((line) => record('N', line))
  const sizes = [335, 662, 1, 0, 335, 0].map((size) => String(size).padStart(15)).join(' ')
  const start = Buffer.concat([record('C', sizes), record('T', '1795192553 0')])
  const filler = record('K', '.'.repeat(662 - start.length - 2 - 3))
  return Buffer.concat([start, filler, record('M'), ...lines, record('X'), record('E')])
}

function record(type: string, text = ''): Buffer {
  const { length } = text
  const header = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7]
  return Buffer.concat([Buffer.from(type), Buffer.from(header), Buffer.from(text)])
}

async function perform(command: string): Promise<Omit<Outcome, 'stdout'> & { stdout: string }> {
  const [, args = '', input = '', filter = ''] =
    /^postcat ?([^<|]*)(?:< (\S+) ?)?(?:\| (.*))?$/.exec(command) ?? []
  world.input = Buffer.from(world.files.get(input.trim()) ?? '')
  const outcome = await postcat(
    ...args
      .trim()
      .split(' ')
      .filter((arg) => arg !== ''),
  )
  let lines = outcome.stdout.toString('latin1')
  const head = /head -(\d+)/.exec(filter)?.[1]
  const cut = /cut -c1-(\d+)/.exec(filter)?.[1]
  if (head)
    lines = lines
      .split(/(?<=\n)/)
      .slice(0, Number(head))
      .join('')
  if (cut) lines = lines.replace(/^.*$/gm, (line) => line.slice(0, Number(cut)))
  return { ...outcome, stdout: lines }
}
