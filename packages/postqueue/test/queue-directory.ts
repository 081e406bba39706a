import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { nodeFileSystem } from '@posthouse/queue-store'

import { type ListingOptions, type ListingPorts, listQueue } from '../src/index.ts'
import type { ListedMessage } from '../src/listed-message.ts'

export const NOW_MS: number = Date.parse('2026-11-20T15:54:33Z')

/** A queue directory in a place of its own. Its status logs are arrays of entries, as JSON. */
export class QueueDirectory {
  readonly path: string = mkdtempSync(join(tmpdir(), 'postqueue-'))
  readonly warnings: string[] = []
  readonly files: ReturnType<typeof nodeFileSystem> = nodeFileSystem(() => NOW_MS)

  get options(): ListingOptions {
    return {
      directory: this.path,
      hashQueueNames: ['deferred', 'defer'],
      hashQueueDepth: 1,
      smtputf8: true,
      duplicateFilterLimit: 1000,
      emptyAddressRecipient: 'MAILER-DAEMON',
    }
  }

  get ports(): ListingPorts {
    return {
      files: this.files,
      now: () => NOW_MS,
      warn: (text) => this.warnings.push(text),
      parseStatusLog: (bytes) => ({
        entries: JSON.parse(Buffer.from(bytes).toString()),
        warnings: [],
      }),
    }
  }

  /** Writes a file; `path` is below the queue directory. */
  write(path: string, content: string | Uint8Array, mode = 0o700): string {
    const file = join(this.path, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    chmodSync(file, mode)
    utimesSync(file, NOW_MS / 1000, NOW_MS / 1000)
    return file
  }

  async list(options: Partial<ListingOptions> = {}): Promise<ListedMessage[]> {
    const messages: ListedMessage[] = []
    const listing = listQueue({ ...this.options, ...options }, this.ports)
    for await (const message of listing) messages.push(message)
    return messages
  }

  remove(): void {
    this.files.end()
    rmSync(this.path, { recursive: true })
  }
}

/** Records of a queue file: a letter and its payload each. */
export function records(...all: readonly [type: string, payload: string][]): Buffer {
  return Buffer.concat(
    all.flatMap(([type, payload]) => {
      const bytes = Buffer.from(payload)
      if (bytes.length > 127) throw new Error('a payload of one length byte was expected')
      return [Buffer.from(type), Buffer.of(bytes.length), bytes]
    }),
  )
}

/** A file as pickup finds it: without a size record. */
export function queueFile(sender: string, ...recipients: readonly string[]): Buffer {
  return records(
    ['T', '1795190074 45741'],
    ['S', sender],
    ...recipients.map((address): [string, string] => ['R', address]),
    ['M', ''],
    ['N', 'Subject: test'],
    ['X', ''],
    ['E', ''],
  )
}
