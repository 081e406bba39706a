import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export const COMMAND: string = join(import.meta.dirname, '../bin/posthouse.js')

/** What a command that was given a message said, and how it ended. */
export interface Submitted {
  readonly status: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Runs `posthouse sendmail` on the configuration in `directory/conf`. */
export function sendmail(
  directory: string,
  args: readonly string[],
  message: string | Buffer = '',
  options: { readonly uid?: number; readonly gid?: number; readonly env?: object } = {},
): Promise<Submitted> {
  const words = [COMMAND, '-c', join(directory, 'conf'), 'sendmail', ...args]
  return runWith(message, process.execPath, words, options)
}

/** Starts `posthouse sendmail`, which waits for its message. */
export function spawnSendmail(
  directory: string,
  args: readonly string[],
): ChildProcessWithoutNullStreams {
  const words = [COMMAND, '-c', join(directory, 'conf'), 'sendmail', ...args]
  return spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Runs a program that reads `input`. */
export async function runWith(
  input: string | Buffer,
  program: string,
  args: readonly string[],
  { env, ...user }: { readonly uid?: number; readonly gid?: number; readonly env?: object } = {},
): Promise<Submitted> {
  const child = spawn(program, args, {
    ...user,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined) // It may have seen enough.
  child.stdin.end(input)
  const outputs = Promise.all([text(child.stdout), text(child.stderr)])
  const [code, signal] = await once(child, 'close')
  const [stdout, stderr] = await outputs
  return { status: code ?? signal, stdout, stderr }
}
