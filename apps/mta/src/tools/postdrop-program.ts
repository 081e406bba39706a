import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseQueueId, parseReplies } from '@posthouse/postdrop'
import { SendmailError, type SubmitReply } from '@posthouse/sendmail'

import type { SetGidProgram } from './set-gid.ts'

export const NOT_STORED = 'queue file write error' // F-17.

/** A message, and who is to know its queue id before the first record is read. */
export interface HandedIn {
  readonly records: AsyncIterable<Uint8Array>
  readonly created: ((id: string) => void) | undefined
}

/** Has a postdrop(1) take a message. @throws {SendmailError} if it will not do for this user. */
export async function submitToProgram(
  { path, isExecutable, problem }: SetGidProgram,
  { records, created }: HandedIn,
  directory: string,
): Promise<SubmitReply> {
  const need = 'users like this one need a set-gid postdrop in command_directory'
  const advice = `${need}: ${path}: ${problem}`
  if (!isExecutable) throw new SendmailError(advice)
  const child = spawn(path, ['-r'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, MAIL_CONFIG: resolve(directory) },
  })
  const ended = once(child, 'close')
  const { output, named } = repliesOf(child, created)
  if (created !== undefined) await named
  let failure: unknown
  await pipeline(Readable.from(records), child.stdin).catch((error: NodeJS.ErrnoException) => {
    // It has seen enough, and its reply says why; what `records` threw is the user's.
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') failure = error
  })
  await ended
  if (failure !== undefined) throw failure
  const reply = parseReplies(output())
  if (reply?.status === 0) return { kind: 'stored' }
  if (reply === undefined && problem !== undefined) throw new SendmailError(advice)
  return { kind: 'refused', reason: reply?.reason || NOT_STORED }
}

/** What it says. `named` resolves when it has told the queue id, or says no more. */
function repliesOf(
  { stdout }: Pick<ChildProcess, 'stdout'>,
  created: (id: string) => void = () => undefined,
): { readonly output: () => string; readonly named: Promise<void> } {
  const { promise: named, resolve: settle } = Promise.withResolvers<void>()
  let output = ''
  let isNamed = false
  stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    const id = parseQueueId(output)
    if (id === undefined || isNamed) return
    isNamed = true
    created(id)
    settle()
  })
  stdout?.on('close', settle)
  return { output: () => output, named }
}
