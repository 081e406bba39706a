import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VirtualClock } from '@posthouse/clock'
import { decodeAddress } from '@posthouse/mail-address'
import { memoryLogger } from '@posthouse/mail-log'
import { QueueStore } from '@posthouse/queue-store'
import { expect } from 'vitest'

import {
  type AddressMappingOptions,
  Cleanup,
  type CleanupClient,
  type CleanupMessage,
  type CleanupOptions,
  type CleanupOverrides,
  type CleanupPorts,
  type CleanupResult,
  type ContentChecks,
  MailDates,
} from '../src/index.ts'
import { completeAddress, completeExternal } from './addresses.ts'

export const START_MS = Date.UTC(2026, 10, 20, 16, 44, 7, 250)
export const STAMP = '20261120164407'
export const DATE = new MailDates(() => 'UTC').header(START_MS)
export const CLIENT: CleanupClient = {
  name: 'localhost',
  address: '127.0.0.1',
  port: 4242,
  family: 4,
}

export const OPTIONS: CleanupOptions = {
  hostname: 'mail.example.com',
  mailName: 'Postfix',
  lineLengthLimit: 2048,
  headerSizeLimit: 102400,
  headerAddressTokenLimit: 10240,
  messageSizeLimit: 10240000,
  hopcountLimit: 50,
  messageDropHeaders: ['bcc', 'content-length', 'resent-bcc', 'return-path'],
  replaceStrayCr: true,
  alwaysAddMissingHeaders: false,
  undisclosedRecipientsHeader: '',
  detect8bitEncodingHeader: true,
  tlsRequiredHeader: true,
  requireTlsHeader: true,
  emptyAddressRecipient: 'MAILER-DAEMON',
  enableOriginalRecipient: true,
  duplicateFilterLimit: 1000,
  alwaysBcc: '',
  contentFilter: '',
  delayWarningTimeMs: 0,
  longQueueIds: false,
  verpDelimiterFilter: '-=+',
  clientPortLogging: false,
  bodyChecksSizeLimit: 51_200,
  disableMimeInputProcessing: false,
  mimeBoundaryLengthLimit: 2048,
  mimeNestingLimit: 100,
  strict7bitHeaders: false,
  strict8bitmimeBody: false,
  strictMimeEncodingDomain: false,
  messageRejectCharacters: new Uint8Array(0),
  messageStripCharacters: new Uint8Array(0),
  nonEmptyEndOfHeaderAction: 'fix_quietly',
  infoLogAddressFormat: 'external',
  smtputf8: true,
  smtputf8Autodetect: false,
}

/** How a message is received, where that is not as usual. */
export interface Receiving {
  readonly options?: Partial<CleanupOptions> | undefined
  readonly ports?: Partial<CleanupPorts> | undefined
  readonly mapping?: AddressMappingOptions | undefined
  readonly checks?: ContentChecks | undefined
  readonly overrides?: Partial<CleanupOverrides> | undefined
}

export type TextRecord = [type: string, payload: string]

/** The records of a queue file in latin1, by segment. */
export interface StoredFile {
  readonly queue: string
  readonly envelope: TextRecord[]
  readonly content: TextRecord[]
  readonly extracted: TextRecord[]
}

/** What became of a message. */
export interface Submitted {
  readonly id: string
  readonly result: CleanupResult
  /** Log lines, with `<QID>` for the queue id. */
  readonly lines: string[]
  readonly fields: readonly (object | undefined)[]
  readonly queued: StoredFile | undefined
}

/** A queue on disk that messages are received into. */
export class Scene {
  readonly directory: string
  readonly store: QueueStore

  private constructor(directory: string, store: QueueStore) {
    this.directory = directory
    this.store = store
  }

  static async open(): Promise<Scene> {
    const directory = mkdtempSync(join(tmpdir(), 'cleanup-'))
    const store = await QueueStore.open({
      directory,
      hashQueueNames: [],
      hashQueueDepth: 1,
      longQueueIds: false,
      contentCacheBytes: 1024 * 1024,
      clock: new VirtualClock(START_MS),
      log: memoryLogger().logger,
    })
    return new Scene(directory, store)
  }

  async close(): Promise<void> {
    await this.store.close()
    rmSync(this.directory, { recursive: true })
  }

  cleanup({ options, ports, mapping, checks }: Receiving = {}) {
    const { logger, lines, fields } = memoryLogger()
    const all = {
      store: this.store,
      queue: 'incoming' as const,
      rewrite: completeAddress,
      rewriteExternal: completeExternal,
      log: logger,
      zoneName: () => 'UTC',
      ...ports,
    }
    const cleanup = new Cleanup({ ...OPTIONS, ...options }, all, mapping, checks)
    return { cleanup, lines, fields }
  }

  async submit(message: Partial<CleanupMessage>, receiving: Receiving = {}): Promise<Submitted> {
    const { cleanup, lines, fields } = this.cleanup(receiving)
    const overrides = { noAddressMappings: false, noHeaderBodyChecks: false }
    const transaction = await cleanup.open(CLIENT, { ...overrides, ...receiving.overrides })
    const result = await transaction.submit({
      content: Buffer.from(''),
      sender: 's@example.org',
      recipients: ['r@example.net'],
      arrivalTimeMs: START_MS,
      ...message,
    })
    const id = transaction.id
    const masked = lines.map((line) => line.replaceAll(id, '<QID>'))
    const queued = this.read(id)
    if (result.kind === 'queued') {
      const chunks: Uint8Array[] = []
      const inMemory = this.store.readContent(id, 'incoming', result.envelope)
      for await (const chunk of inMemory) chunks.push(chunk)
      expect(Buffer.concat(chunks).toString('latin1')).toBe(glue(queued!.content))
    }
    return { id, result, lines: masked, fields, queued }
  }

  /** The queue file, if there is one. */
  read(id: string): StoredFile | undefined {
    const queue = ['incoming', 'hold'].find((name) =>
      readdirSync(join(this.directory, name)).includes(id),
    )
    if (queue === undefined) return undefined
    return { queue, ...recordsOf(readFileSync(join(this.directory, queue, id))) }
  }
}

function recordsOf(bytes: Buffer): Omit<StoredFile, 'queue'> {
  const segments: Record<keyof ReturnType<typeof recordsOf>, TextRecord[]> = {
    envelope: [],
    content: [],
    extracted: [],
  }
  let segment: keyof typeof segments = 'envelope'
  for (let at = 0; at < bytes.length; ) {
    const type = String.fromCharCode(bytes[at++]!)
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      length |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (type === 'M') segment = 'content'
    else if (type === 'X') segment = 'extracted'
    else segments[segment].push([type, bytes.toString('latin1', at, at + length)])
    at += length
  }
  return segments
}

/** Content records glued together, as latin1. */
export function glue(records: TextRecord[]): string {
  return records.map(([type, text]) => (type === 'N' ? `${text}\n` : text)).join('')
}

/** What a recording shows of an envelope. */
export function shownEnvelope(records: TextRecord[]): TextRecord[] {
  const hidden = /^(?:create_time|log_\w+|client_\w+|protocol_name)=/
  return records
    .filter(([type, payload]) => type !== 'T' && !(type === 'A' && hidden.test(payload)))
    .map(([type, payload]) => {
      const [size, offset, count, flags, length, options] = payload.trim().split(/ +/)
      if (type !== 'C') return [type, type === 'W' ? payload.trim() : payload]
      expect([Number(size), Number(offset), Number(length)].every((n) => n > 0)).toBe(true)
      return [type, `<SIZE> <OFFSET> ${count} ${flags} <LENGTH> ${options}`]
    })
}

/** Text of the recording as bytes: escapes undone, one latin1 character for each byte. */
export function undoEscapes(text: string): string {
  return text.replace(/\\(?:x(..)|(.))/g, (_, hex?: string, letter?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
    return { n: '\n', r: '\r', t: '\t' }[letter!] ?? letter!
  })
}

export function unmask(text: string, id: string): string {
  const masks: Record<string, string> = {
    '<DATE>': DATE,
    '<YYYYMMDDHHMMSS>': STAMP,
    '<QID>': id,
    '<SEC>': String(Math.floor((START_MS + 3600_000) / 1000)),
    // A Received: header cut after 100 bytes; 93 come before the queue id.
    '<first part of QID>': id.slice(0, 7),
  }
  return text.replace(
    /<(?:DATE|YYYYMMDDHHMMSS|QID|SEC|first part of QID)>/g,
    (name) => masks[name]!,
  )
}

/** An address of a recording. */
export const asAddress = (text: string): string =>
  decodeAddress(Buffer.from(undoEscapes(text), 'latin1'))
