import { RecordReader, RecordType } from '@posthouse/queue-store'
import type { ParsedMail } from 'mailparser'

import { PostcatError } from './errors.ts'
import { messageParts } from './message-parts.ts'
import type { OpenFile } from './ports.ts'
import { formatDate, leadingNumber, untilNul } from './record-text.ts'
import { terminalLine, terminalText } from './terminal-text.ts'

/** A message that is longer is not parsed: it would be in memory several times. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
const LINE_END = Buffer.from('\n')
const RECIPIENTS: ReadonlyMap<number, string> = new Map<number, string>([
  [RecordType.recipient, ''],
  [RecordType.done, ' (done)'],
  [RecordType.cancelled, ' (cancelled)'],
])

/**
 * A message for people to read (`--parsed`): envelope, headers decoded, the structure of its parts,
 * its text, its attachments. Of a message in HTML alone, the text is made from that. Safe for a
 * terminal.
 *
 * @param path As the file is called.
 * @throws {PostcatError} when the message is too large; {@link BadRecordError} for a damaged file.
 */
export async function parsedView(file: OpenFile, path: string): Promise<string> {
  const { envelope, content } = await readMessage(file, path)
  // Read when it is needed: it is larger than all the rest.
  const { simpleParser } = await import('mailparser')
  const mail = await simpleParser(content, { skipImageLinks: true, skipTextToHtml: true })
  const parts = messageParts(content).map(
    ({ depth, type, sizeBytes }) =>
      `${'  '.repeat(depth)}${terminalLine(type)}, ${sizeBytes} bytes`,
  )
  const attachments = mail.attachments.map(({ filename, contentType, size }) =>
    terminalLine(`${filename ?? '(no name)'}, ${contentType}, ${size} bytes`),
  )
  return [
    ...section(`MESSAGE ${path}`, envelope),
    ...section('HEADERS', headers(mail)),
    ...section('PARTS', parts),
    ...section('TEXT', [terminalText(mail.text ?? '').trimEnd()]),
    ...(attachments.length === 0 ? [] : section('ATTACHMENTS', attachments)),
  ].join('')
}

function section(title: string, lines: readonly string[]): string[] {
  return [`*** ${title} ***\n`, ...lines.map((line) => `${line}\n`)]
}

async function readMessage(
  file: OpenFile,
  path: string,
): Promise<{ envelope: string[]; content: Buffer }> {
  const read = (position: number, length: number) => file.read(position, length)
  const reader = new RecordReader(read, file.sizeBytes)
  const envelope: string[] = []
  const chunks: Buffer[] = []
  let bytes = 0
  let isContent = false
  for (;;) {
    const record = await reader.read()
    if (record === undefined || record.type === RecordType.end) break
    const { type, data } = record
    if (type === RecordType.content) isContent = true
    else if (type === RecordType.extracted) isContent = false
    else if (isContent) {
      const chunk = type === RecordType.text ? Buffer.concat([data, LINE_END]) : Buffer.from(data)
      bytes += chunk.length
      if (bytes > MAX_MESSAGE_BYTES) throw tooLarge(path)
      chunks.push(chunk)
    } else envelope.push(...envelopeLine(type, untilNul(data).toString()))
  }
  return { envelope, content: Buffer.concat(chunks) }
}

function tooLarge(path: string): PostcatError {
  const limit = `${MAX_MESSAGE_BYTES / 1024 / 1024} MB`
  return new PostcatError(`${path}: the message is too large to be parsed: more than ${limit}`)
}

function envelopeLine(type: number, text: string): string[] {
  const recipient = RECIPIENTS.get(type)
  if (recipient !== undefined) return [`to: ${terminalLine(text)}${recipient}`]
  if (type === RecordType.sender) return [`from: ${terminalLine(text) || '(null sender)'}`]
  return type === RecordType.time ? [`arrived: ${formatDate(leadingNumber(text))}`] : []
}

function headers(mail: ParsedMail): string[] {
  const seen = new Map<string, number>()
  return mail.headerLines.map(({ key, line }) => {
    const count = seen.get(key) ?? 0
    seen.set(key, count + 1)
    const colon = line.indexOf(':')
    const value = decoded(mail.headers.get(key), count) ?? line.slice(colon + 1)
    return `${terminalLine(line.slice(0, colon))}: ${terminalLine(value)}`
  })
}

// What the parser made of a header; undefined where that is no text, such as a date.
function decoded(value: unknown, count: number): string | undefined {
  const one: unknown = Array.isArray(value) ? value[count] : value
  if (typeof one === 'string') return one
  if (typeof one !== 'object' || one === null || !('text' in one)) return undefined
  return typeof one.text === 'string' ? one.text : undefined
}
