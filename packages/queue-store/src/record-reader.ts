import { MAX_PAYLOAD_BYTES, RecordType } from './record.ts'

/** One record of a queue file. */
export interface QueueRecord {
  /** A byte of `RecordType`, or any other that the file holds. */
  readonly type: number
  /** Where the record begins, in bytes from the start of the file. */
  readonly offset: number
  /** A view, good until the reader's next `fill`. */
  readonly data: Buffer
}

/** Reads up to `length` bytes at `position`; fewer only at the end of the file. */
export type ReadBytes = (position: number, length: number) => Promise<Buffer>

/** The file breaks the rules below those of record order (F-30, F-49). */
export class BadRecordError extends Error {
  override readonly name = 'BadRecordError'
  /** Postfix goes on to call the message rejected for a missing end record, or not. */
  readonly isEndOfFile: boolean

  constructor(isEndOfFile: boolean, message: string) {
    super(message)
    this.isEndOfFile = isEndOfFile
  }
}

/** How a `RecordReader` goes through a file. */
export interface RecordReaderOptions {
  /** Offset of the first record; 0 if not given. */
  readonly start?: number | undefined
  /** Bytes to read at a time; 16 KB if not given. */
  readonly windowBytes?: number | undefined
  /**
   * What becomes of pointers and padding: `follow` goes the way of the message and does not tell,
   * `show` goes it and gives these records too, `raw` takes every record as it lies in the file.
   */
  readonly marks?: 'follow' | 'show' | 'raw'
}

const DEFAULT_WINDOW_BYTES = 16 * 1024
const MAX_LENGTH_SHIFT = 21
const MAX_REVERSE_JUMPS = 10_000

/**
 * Reads the records of a file in logical order: follows pointers, skips padding (F-49). `next`
 * never waits: it says `more` when it wants `fill` to be awaited and to be called again, which
 * `read` does.
 *
 * Memory is one window, or one record where that is larger.
 */
export class RecordReader {
  readonly #read: ReadBytes
  readonly #fileBytes: number
  readonly #windowBytes: number
  readonly #marks: 'follow' | 'show' | 'raw'
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0 // Offset of the window in the file.
  #position: number
  #wanted = 0 // Bytes that `next` missed at its position.
  #lastTarget = 0
  #reverseJumps = 0
  #badPointer: BadRecordError | undefined

  constructor(read: ReadBytes, fileBytes: number, options: RecordReaderOptions = {}) {
    this.#read = read
    this.#fileBytes = fileBytes
    this.#position = options.start ?? 0
    this.#windowBytes = options.windowBytes ?? DEFAULT_WINDOW_BYTES
    this.#marks = options.marks ?? 'follow'
  }

  /** Offset of the next record, behind padding and pointers that were read already. */
  get position(): number {
    return this.#position
  }

  seek(offset: number): void {
    this.#position = offset
  }

  /** Reads on from the file. To be awaited after `next` said `more`, and only then. */
  async fill(): Promise<void> {
    this.#window = await this.#read(this.#position, Math.max(this.#wanted, this.#windowBytes))
    this.#windowAt = this.#position
    // The file was cut while it was open: tell so now, as asking again would not end.
    if (this.#window.length < this.#wanted) throw new BadRecordError(true, 'unexpected EOF')
  }

  /** @throws {BadRecordError} */
  next(): QueueRecord | 'more' | 'end' {
    if (this.#badPointer !== undefined) throw this.#badPointer
    for (;;) {
      const record = this.#nextStored()
      if (record === 'more' || record === 'end') return record
      if (record.type !== RecordType.pointer && record.type !== RecordType.padding) return record
      if (this.#marks === 'raw') return record
      if (record.type === RecordType.pointer) this.#jump(record)
      if (this.#marks === 'show') return record
    }
  }

  /**
   * The next record, read from the file where it has to be; undefined at the end of the file.
   *
   * @throws {BadRecordError}
   */
  async read(): Promise<QueueRecord | undefined> {
    for (;;) {
      const record = this.next()
      if (record === 'end') return undefined
      if (record !== 'more') return record
      await this.fill()
    }
  }

  #nextStored(): QueueRecord | 'more' | 'end' {
    const offset = this.#position
    if (offset >= this.#fileBytes) return 'end'
    const at = offset - this.#windowAt
    const window = this.#window
    const type = at < 0 ? undefined : window[at]
    if (type === undefined) return this.#want(1)

    let length = 0
    let headerBytes = 1
    for (let shift = 0; ; shift += 7) {
      const byte = window[at + headerBytes]
      if (byte === undefined) {
        if (offset + headerBytes < this.#fileBytes) return this.#want(headerBytes + 1)
        throw new BadRecordError(true, `unexpected EOF reading length, record type ${type}`)
      }
      if (shift > MAX_LENGTH_SHIFT) {
        throw new BadRecordError(true, `too many length bits, record type ${type}`)
      }
      length += (byte & 0x7f) << shift
      headerBytes++
      if (byte < 0x80) break
    }
    if (length > MAX_PAYLOAD_BYTES || offset + headerBytes + length > this.#fileBytes) {
      const what = `record type ${type} length ${length}`
      throw new BadRecordError(true, `unexpected EOF in data, ${what}`)
    }
    const start = at + headerBytes
    if (start + length > window.length) return this.#want(headerBytes + length)
    this.#position = offset + headerBytes + length
    return { type, offset, data: window.subarray(start, start + length) }
  }

  #want(bytes: number): 'more' {
    this.#wanted = bytes
    return 'more'
  }

  #jump({ data }: QueueRecord): void {
    const text = data.toString('latin1')
    const target = /^\s*\+?(\d+)/.exec(text)?.[1]
    if (target === undefined) this.#refuse(`malformed pointer record value: ${text.trim()}`)
    else if (Number(target) > 0) this.#jumpTo(Number(target))
  }

  #jumpTo(offset: number): void {
    // Going back again and again is a loop; an honest file goes back once per edit.
    if (offset <= this.#lastTarget && ++this.#reverseJumps > MAX_REVERSE_JUMPS) {
      this.#refuse('too many reverse jump records')
    } else {
      this.#lastTarget = offset
      this.#position = offset
    }
  }

  // Who is shown pointers is shown this one, too, before it is called bad.
  #refuse(problem: string): void {
    this.#badPointer = new BadRecordError(false, problem)
    if (this.#marks === 'follow') throw this.#badPointer
  }
}
