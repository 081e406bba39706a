import {
  BadRecordError,
  parseAttribute,
  type QueueRecord,
  RecordReader,
  RecordType,
  recordName,
} from '@posthouse/queue-store'

import type { View } from './command-line.ts'
import { PostcatError } from './errors.ts'
import type { OpenFile } from './ports.ts'
import { formatDate, isHeaderLine, leadingNumber, untilNul } from './record-text.ts'

/** Where the reading of a file is. */
type Part = 'envelope' | 'header' | 'body' | 'extracted'

/** Takes what is shown, and what is wrong. */
export interface Output {
  write(bytes: Buffer | string): void
  warn(text: string): void
  /** The last line that was shown has no end. */
  isLineOpen: boolean
}

/** Types with which a queue file may begin: those of an envelope, and a hole (F-32). */
const FIRST = new Set(Buffer.from('\0MCTcFILSDRO/WVA>K<ion', 'latin1'))
const TEXT: ReadonlySet<number> = new Set([RecordType.text, RecordType.partialText])

/**
 * Shows one queue file (F-88).
 *
 * @param path As it is called in markers and messages.
 * @throws {PostcatError} where nothing more can be read.
 */
export function showFile(file: OpenFile, path: string, view: View, output: Output): Promise<void> {
  return new FileView(file, path, view, output).show()
}

class FileView {
  readonly #file: OpenFile
  readonly #path: string
  readonly #view: View
  readonly #output: Output
  readonly #reader: RecordReader
  #part: Part = 'envelope'
  #previousType = 0
  /** Offsets of the content and of what follows it, once a size record told. */
  #content: { readonly start: number; readonly end: number } | undefined

  constructor(file: OpenFile, path: string, view: View, output: Output) {
    this.#file = file
    this.#path = path
    this.#view = view
    this.#output = output
    const marks = !view.isVerbose && !view.isRaw ? 'follow' : view.isRaw ? 'raw' : 'show'
    const read = (position: number, length: number) => file.read(position, length)
    this.#reader = new RecordReader(read, file.sizeBytes, { start: view.start, marks })
  }

  async show(): Promise<void> {
    const isWhole = this.#view.start === 0
    const [first] = isWhole ? await this.#file.read(0, 1) : []
    if (first !== undefined && !FIRST.has(first)) {
      return this.#warn('input is not a valid queue file')
    }
    this.#endLine()
    for (let count = 0; ; count++) {
      const offset = this.#reader.position
      const record = await this.#next()
      if (record === undefined) break
      if (count === 0 && isWhole && this.#view.envelope) this.#marker('', 'ENVELOPE RECORDS')
      if (!this.#take(record, offset)) break
      this.#previousType = record.type
      this.#output.isLineOpen &&= record.type === RecordType.partialText
    }
  }

  async #next(): Promise<QueueRecord | undefined> {
    try {
      return await this.#reader.read()
    } catch (error) {
      if (!(error instanceof BadRecordError)) throw error
      this.#warn(error.message)
      throw new PostcatError(
        this.#view.isVerbose && !error.isEndOfFile
          ? 'bad pointer record, or input is not seekable'
          : 'record read error',
      )
    }
  }

  // `offset` is where reading began: before what was skipped.
  #take(record: QueueRecord, offset: number): boolean {
    const { type } = record
    const prefix = this.#prefix(offset, type)
    if (type === RecordType.content) this.#startContent(prefix)
    else if (type === RecordType.extracted) return this.#startExtracted(prefix)
    else if (type === RecordType.end) return this.#end(prefix)
    else if (type === RecordType.size) this.#takeSize(record, prefix)
    else if (type === RecordType.pointer || type === RecordType.padding) {
      if (this.#view.isVerbose && this.#isShown()) this.#value(prefix, record)
    } else if (!TEXT.has(type)) this.#showNamed(record, prefix)
    else return this.#takeText(record, prefix)
    return true
  }

  #startContent(prefix: string): void {
    if (this.#isContent()) this.#warn('out-of-order message content marker')
    this.#part = 'header'
    const { envelope, header, body } = this.#view
    if (envelope) this.#marker(prefix, 'MESSAGE CONTENTS')
    if (!header && !body) this.#skipContent()
  }

  #startExtracted(prefix: string): boolean {
    if (!this.#isContent()) this.#warn('out-of-order extracted segment marker')
    this.#part = 'extracted'
    if (this.#view.envelope) this.#marker(prefix, 'HEADER EXTRACTED')
    return this.#view.envelope
  }

  #end(prefix: string): boolean {
    if (this.#isContent()) this.#warn('out-of-order message end marker')
    if (this.#view.envelope) this.#marker(prefix, 'MESSAGE FILE END')
    return this.#view.isRaw
  }

  #takeSize(record: QueueRecord, prefix: string): void {
    if (this.#isShown()) this.#value(prefix, record)
    const text = untilNul(record.data).toString('latin1')
    const content = contentOf(text)
    if (this.#content !== undefined) {
      this.#output.warn('file contains multiple size records')
    } else if (content === undefined) {
      this.#output.warn(`invalid size record: ${text.slice(0, 100)}`)
    } else {
      this.#content = content
      if (!this.#view.envelope) {
        this.#reader.seek(content.start)
        this.#part = 'header'
      }
    }
  }

  #takeText(record: QueueRecord, prefix: string): boolean {
    if (this.#part === 'header' && this.#previousType !== RecordType.partialText) {
      if (!isHeaderLine(record.data)) {
        this.#part = 'body'
        if (!this.#view.body) {
          if (!this.#view.envelope) return false
          this.#skipContent()
        }
      }
    }
    if (!this.#isShown()) return true
    const { isVerbose, offsets } = this.#view
    const isContent = this.#isContent()
    if (record.type === RecordType.partialText && !isContent) this.#value(prefix, record)
    else {
      const name = recordName(record.type, isContent ? 'content' : 'envelope')
      this.#output.write(isVerbose ? `${prefix}${name}: ` : prefix)
      this.#output.write(record.data)
      this.#output.isLineOpen = record.type === RecordType.partialText && !isVerbose && !offsets
      if (!this.#output.isLineOpen) this.#output.write('\n')
    }
    return true
  }

  #showNamed(record: QueueRecord, prefix: string): void {
    if (!this.#isShown()) return
    const text = untilNul(record.data).toString('latin1')
    if (record.type === RecordType.time || record.type === RecordType.warningTime) {
      const date = formatDate(leadingNumber(text))
      this.#output.write(`${prefix}${recordName(record.type)}: ${date}\n`)
    } else if (record.type === RecordType.attribute) this.#showAttribute(text, prefix)
    else this.#value(prefix, record)
  }

  // The prefix of a malformed one stays alone on its line, as in Postfix.
  #showAttribute(text: string, prefix: string): void {
    const attribute = parseAttribute(text)
    this.#output.write(prefix)
    if ('problem' in attribute) {
      this.#warn(`malformed attribute: ${attribute.problem}: ${text.slice(0, 100)}`)
      return
    }
    const { name, value } = attribute
    const isTime = name === 'create_time'
    const shown = isTime ? formatDate(leadingNumber(value)) : `${name}=${value}`
    const label = isTime ? name : recordName(RecordType.attribute)
    this.#output.write(Buffer.from(`${label}: ${shown}\n`, 'latin1'))
  }

  #value(prefix: string, record: QueueRecord): void {
    this.#output.write(`${prefix}${recordName(record.type)}: `)
    this.#output.write(untilNul(record.data))
    this.#output.write('\n')
  }

  #marker(prefix: string, text: string): void {
    this.#endLine()
    this.#output.write(`${prefix}*** ${text} ${this.#path} ***\n`)
  }

  #endLine(): void {
    if (this.#output.isLineOpen) this.#output.write('\n')
    this.#output.isLineOpen = false
  }

  #prefix(offset: number, type: number): string {
    const { paths, offsets, types } = this.#view
    return (
      (paths ? `${this.#path}: ` : '') +
      (offsets ? `${String(offset).padStart(9)} ` : '') +
      (types ? `${String(type).padStart(3)} ` : '')
    )
  }

  #skipContent(): void {
    if (this.#content !== undefined && !this.#view.isRaw) this.#reader.seek(this.#content.end)
  }

  #isContent(): boolean {
    return this.#part === 'header' || this.#part === 'body'
  }

  #isShown(): boolean {
    if (this.#part === 'header') return this.#view.header
    return this.#part === 'body' ? this.#view.body : this.#view.envelope
  }

  #warn(text: string): void {
    this.#output.warn(`${this.#path}: ${text}`)
  }
}

// Of any age but the oldest, of which only the size is known (F-35).
function contentOf(text: string): { readonly start: number; readonly end: number } | undefined {
  const [, size, start] = /^\s*\+?(\d+)\s+\+?(\d+)/.exec(text)?.map(Number) ?? []
  return size && start ? { start, end: start + size } : undefined
}
