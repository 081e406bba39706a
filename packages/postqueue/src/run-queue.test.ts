import { utimesSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { NOW_MS, QueueDirectory, records } from '../test/queue-directory.ts'
import { runQueue } from './index.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

let queue: QueueDirectory
beforeEach(() => {
  queue = new QueueDirectory()
})
afterEach(() => queue.remove())

interface Written {
  readonly ageMs?: number
  readonly nextMs?: number
  readonly reason?: string
}

function write(path: string, recipients: readonly string[], options: Written = {}): void {
  const { ageMs = 0, nextMs = 0, reason } = options
  const file = queue.write(
    path,
    records(
      ['T', `${(NOW_MS - ageMs) / 1000} 0`],
      ['S', 's@example.org'],
      ...recipients.map((address): [string, string] => ['R', address]),
      ['E', ''],
    ),
  )
  utimesSync(file, NOW_MS / 1000, (NOW_MS + nextMs) / 1000)
  if (reason === undefined) return
  const entries = recipients.map((recipient) => ({ recipient, reason }))
  queue.write(path.replace('deferred', 'defer'), JSON.stringify(entries))
}

async function run(
  args: readonly string[] = [],
  terminal: { readonly columns?: number; readonly wantsColours?: boolean } = {},
): Promise<{ status: number; stdout: string; stderr: string }> {
  const output = { stdout: '', stderr: '' }
  const { warn: _, ...ports } = queue.ports
  const status = await runQueue(args, {
    columns: terminal.columns,
    wantsColours: terminal.wantsColours ?? true,
    stdout: (bytes) => {
      output.stdout += Buffer.from(bytes)
    },
    stderr: (bytes) => {
      output.stderr += Buffer.from(bytes)
    },
    open: () => ({
      ...queue.options,
      ...ports,
      longQueueIds: false,
      mailName: 'Postfix',
      user: { name: 'root', id: 0, ownsQueue: true },
      isListed: () => false,
      isFastFlushDomain: () => false,
      isRunning: () => true,
      connectShowq: () => Promise.reject(new Error('not wanted')),
      askFlush: () => Promise.reject(new Error('not wanted')),
      trigger: () => Promise.reject(new Error('not wanted')),
      setMode: chmod,
    }),
  })
  return { status, ...output }
}

function fill(): void {
  const busy = 'host mx.one.example said: 450 busy'
  write('deferred/A/A1', ['a@one.example', 'b@One.example'], {
    ageMs: 50 * HOUR_MS,
    nextMs: 12 * MINUTE_MS,
    reason: busy,
  })
  write('deferred/B/B1', ['a@one.example'], { ageMs: 2 * HOUR_MS, nextMs: HOUR_MS, reason: busy })
  write('deferred/C/C1', ['a@two.example'], { ageMs: 5 * MINUTE_MS, nextMs: -1, reason: 'late' })
  write('hold/D1', ['a@three.example'], { ageMs: 7000 })
}

describe('by destination', () => {
  it('shows how much mail waits for each, how old it is, and why', async () => {
    fill()
    expect(await run()).toEqual({
      status: 0,
      stderr: '',
      stdout: `\
4 messages, 5 recipients, 201 B: 3 in deferred, 1 in hold

DESTINATION    ALL  <1 H  <1 D  OLDER  OLDEST  NEXT TRY   REASON
one.example      3     0     1      2     2 d  in 12 min  host mx.one.example said: 450 busy
three.example    1     1     0      0     7 s  -
two.example      1     1     0      0   5 min  due        late
`,
    })
  })

  it('is cut to the columns of a terminal, and has colours only there', async () => {
    fill()
    const { stdout } = await run([], { columns: 70 })
    expect(stdout).toContain('\u001b[33mone.example')
    expect(stdout).toContain('\u001b[1mDESTINATION')
    const plain = await run([], { columns: 70, wantsColours: false })
    expect(plain.stdout).not.toContain('\u001b')
    const lengths = plain.stdout.split('\n').map((line) => line.length)
    expect(Math.max(...lengths)).toBe(70)
    expect(plain.stdout).toContain('host mx.one…')
  })

  it('shows the largest thirty, and all when asked', async () => {
    const domains = Array.from({ length: 35 }, (_, index) => `a@d${index}.example`)
    write('hold/A1', domains)
    const { stdout } = await run()
    expect(stdout.split('\n')).toHaveLength(2 + 1 + 30 + 1 + 1)
    expect(stdout).toContain('and 5 destinations more, with --all\n')
    expect((await run(['--all'])).stdout).toContain('d34.example')
  })

  it('sums up what is for more destinations than it remembers', async () => {
    for (let file = 0; file < 11; file++) {
      const domains = Array.from({ length: 1000 }, (_, index) => `a@d${file}-${index}.example`)
      write(`hold/A${file}`, domains)
    }
    const { stdout } = await run()
    expect(stdout.split('\n')[3]).toMatch(/^\(others\) +1000 /)
  })

  it('an empty queue is said to be empty', async () => {
    expect((await run()).stdout).toBe('The mail queue is empty.\n')
  })
})

describe('for a destination', () => {
  it('shows each message', async () => {
    fill()
    expect(await run(['ONE.example', 'three.example'])).toEqual({
      status: 0,
      stderr: '',
      stdout: `\
A1 deferred, 2 d old, next try in 12 min, 61 B, from s@example.org
  to a@one.example
     host mx.one.example said: 450 busy
  to b@One.example
     host mx.one.example said: 450 busy
B1 deferred, 2 h old, next try in 1 h, 46 B, from s@example.org
  to a@one.example
     host mx.one.example said: 450 busy
D1 hold, 7 s old, 48 B, from s@example.org
  to a@three.example
`,
    })
  })

  it('nothing of what a peer said reaches the terminal as a command', async () => {
    write('deferred/A/A1', ['a@one.example'], { reason: 'x\u001b[2Jy' })
    expect((await run(['one.example'])).stdout).toContain('x?[2Jy')
    expect((await run([], { columns: 100, wantsColours: false })).stdout).toContain('x?[2Jy')
  })
})

it('other options are refused', async () => {
  const { status, stderr } = await run(['-x'])
  expect([status, stderr]).toEqual([
    1,
    "queue: fatal: invalid option -- 'x'. usage: queue [-c config_dir] [--all] [destination ...]\n",
  ])
})
