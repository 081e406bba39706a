import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { nodeFileSystem } from '@posthouse/queue-store'

import { runQshape } from '../src/index.ts'

export const NOW_MS: number = Date.parse('2026-11-20T16:00:00Z')

export interface ShapedMessage {
  readonly sender: string
  readonly recipients: readonly string[]
  readonly ageMinutes: number
}

/** A queue directory in a place of its own. */
export class ShapedQueue {
  readonly path: string = mkdtempSync(join(tmpdir(), 'qshape-'))
  readonly #files = nodeFileSystem(() => NOW_MS)

  /** Writes a file; `path` is below the queue directory. */
  write(path: string, content: Uint8Array, mode = 0o700): void {
    const file = join(this.path, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    chmodSync(file, mode)
  }

  async run(
    args: readonly string[],
    isTerminal = false,
  ): Promise<{ status: number; stdout: string; stderr: string }> {
    const output = { stdout: '', stderr: '' }
    const status = await runQshape(args, {
      files: this.#files,
      now: () => NOW_MS,
      queueDirectory: (directory = this.path) => {
        if (directory === '/broken') throw new Error('/broken/main.cf: no such file')
        return directory
      },
      isTerminal,
      stdout: (bytes) => {
        output.stdout += Buffer.from(bytes)
      },
      stderr: (bytes) => {
        output.stderr += Buffer.from(bytes)
      },
    })
    return { status, ...output }
  }

  remove(): void {
    this.#files.end()
    rmSync(this.path, { recursive: true })
  }
}

export function record(type: string, payload: string): Buffer {
  const bytes = Buffer.from(payload)
  if (bytes.length > 127) throw new Error('a payload of one length byte was expected')
  return Buffer.concat([Buffer.from(type), Buffer.of(bytes.length), bytes])
}

/** A whole queue file. */
export function queueFile({ sender, recipients, ageMinutes }: ShapedMessage): Buffer {
  const envelope = Buffer.concat([
    record('T', `${NOW_MS / 1000 - ageMinutes * 60} 0`),
    record('S', sender),
    ...recipients.map((recipient) => record('R', recipient)),
    record('M', ''),
  ])
  const content = Buffer.concat([record('N', 'Subject: test'), record('N', ''), record('N', 'R')])
  const numbers = [content.length, 97 + envelope.length, recipients.length, 0, content.length, 0]
  const size = record('C', numbers.map((number) => String(number).padStart(15)).join(' '))
  return Buffer.concat([size, envelope, content, record('X', ''), record('E', '')])
}
