import { readFileSync } from 'node:fs'
import { join } from 'node:path'

// How conversations with Postfix were written down: README.txt beside the files.
const VECTORS = join(import.meta.dirname, '../vectors')

/** What a client does, in order. */
export type Step =
  | { readonly op: 'send'; readonly hex: string; readonly one_byte_per_write?: boolean }
  | { readonly op: 'sleep'; readonly seconds: number }
  | { readonly op: 'shutdown-write' | 'close' | 'reset' }

/** How the connection ended, as the client sees it. */
export type ConnectionEnd = 'EOF' | 'RST' | 'client-closed' | 'TIMEOUT(open)'

/** Type and payload of a record, escaped and masked. */
export type RecordText = readonly [type: string, payload: string]

export interface QueuedMessage {
  readonly queue: string
  readonly envelope: readonly RecordText[]
  readonly content: readonly RecordText[]
  readonly extracted?: readonly RecordText[]
}

/** A transaction as the SMTP destination had it. */
export interface SmtpTransaction {
  readonly mail: string
  readonly rcpt: readonly string[]
  readonly data: string
}

export interface TranscriptCase {
  readonly id: string
  readonly title: string
  readonly config?: string
  readonly client?: string
  readonly steps: readonly Step[]
  readonly reply: {
    readonly text: string
    readonly connection_end: ConnectionEnd
    readonly seconds_until_end?: number
  }
  readonly log: readonly string[]
  readonly queued: readonly QueuedMessage[]
  readonly delivered_by_smtp?: readonly SmtpTransaction[]
}

export interface HeaderRewriteCase {
  readonly id: string
  /** Escaped. */
  readonly header_in: string
  readonly header_out: readonly string[]
}

export interface Transcript<Case> {
  readonly cases: readonly Case[]
  readonly tables?: Readonly<Record<string, string>>
}

/** A file of recorded conversations: `qmqp-<name>.json`. */
export function readTranscript<Case = TranscriptCase>(name: string): Transcript<Case> {
  return JSON.parse(readFileSync(join(VECTORS, `qmqp-${name}.json`), 'utf8'))
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\',
}

/** Bytes as the files show them. */
export function escapeBytes(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, (byte) => NAMED_ESCAPES[byte] ?? escapeByte(byte))
}

/** The bytes that the files show so. */
export function unescapeBytes(text: string): Buffer {
  const bytes = text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex, letter) =>
    hex === undefined
      ? (Object.entries(NAMED_ESCAPES).find(([, name]) => name === `\\${letter}`)?.[0] ?? letter)
      : String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1')
}

function escapeByte(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}

/** What differs from run to run, besides what the patterns of `maskText` find. */
export interface Varying {
  /** Queue ids, in the order in which they are mentioned. */
  readonly queueIds: readonly string[]
  /** Port of the client. */
  readonly clientPort?: number
  /** Directory of main.cf. */
  readonly configDirectory: string
}

const DATE = /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000 \(UTC\)/g

/** Puts the masks of the files in place of what differs from run to run. */
export function maskText(text: string, { queueIds, clientPort, configDirectory }: Varying): string {
  let masked = text.replaceAll(configDirectory, '$config_directory').replace(DATE, '<DATE>')
  for (const id of queueIds) masked = masked.replaceAll(id, '<QID>')
  for (const id of queueIds) masked = maskFirstPart(masked, id)
  masked = masked.replace(/\b\d{14}(?=\.<QID>@)/g, '<YYYYMMDDHHMMSS>')
  if (clientPort !== undefined) masked = masked.replaceAll(`]:${clientPort}`, ']:<PORT>')
  return masked
    .replace(/(?<=relay=\S+\]:)\d+/g, '<PORT>')
    .replace(/(?<=delays?=|delays=[\d.<>D/]*\/)[\d.]+/g, '<D>')
    .replace(/^\d+(?=:KOk: queued as <QID>,$)/, '<LEN>')
}

/** Of a queue id at the end of what was cut. */
function maskFirstPart(text: string, id: string): string {
  const part = /(?<=QMQP id )[0-9A-Za-z]+$/.exec(text)?.[0]
  if (part === undefined || !id.startsWith(part)) return text
  return text.replace(/\w+$/, '<first part of QID>')
}

/** The same for the payload of a record of a queue file. */
export function maskRecord(
  type: string,
  payload: Buffer,
  segment: 'envelope' | 'content' | 'extracted',
  varying: Varying,
): RecordText {
  const text = maskText(escapeBytes(payload), varying)
  if (segment !== 'envelope') return [type, text]
  if (type === 'C') return [type, maskSize(text)]
  if (type === 'W') return [type, text.replace(/^ *\d+$/, '<SEC>')]
  if (type !== 'A') return [type, text]
  const isPort = varying.clientPort !== undefined && text.endsWith(`port=${varying.clientPort}`)
  const masked = isPort ? text.replace(/\d+$/, '<PORT>') : text
  return [type, masked.replace(/^create_time=\d+$/, 'create_time=<SEC>')]
}

/** `size offset recipients flags length options`, of which three vary. */
function maskSize(text: string): string {
  const [, , recipients, flags, , options] = text.trim().split(/ +/)
  return `<SIZE> <OFFSET> ${recipients} ${flags} <LENGTH> ${options}`
}
