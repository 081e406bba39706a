import { decodeAddress } from '@posthouse/mail-address'
import { RecordType } from '@posthouse/queue-store'

import { PostdropError } from './errors.ts'
import { FileTooLargeError, MaildropDraft, type MaildropOptions } from './maildrop-draft.ts'
import { RecordCheck } from './record-check.ts'
import { BadStreamError, readRecords, type StreamRecord } from './record-stream.ts'

/** The mail system that a message is put into. */
export interface PostdropSystem extends MaildropOptions {
  /** `line_length_limit`: bytes of a record. */
  readonly lineLengthLimit: number
  readonly userId: number
  /** `local_login_sender_maps` let the user send as this address, in internal form. */
  mayUseSender(sender: string): boolean | Promise<boolean>
  /** Wakes pickup(8). A failure is none: it finds the message itself, later. */
  triggerPickup(): Promise<void>
  /** Takes warnings for the user. */
  warn(text: string): void
}

/** What became of a message. */
export type DropResult =
  | { readonly kind: 'stored'; readonly id: string }
  /** The end was missing: nobody wants it. */
  | { readonly kind: 'cancelled' }
  /** `status`: bits of F-17. */
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string }

const BAD = 1
const WRITE = 2
const SIZE = 4
const NO_PERMISSION = 512
const MAX_RECORD_BYTES = 2 ** 28 - 1

/**
 * Puts a message into the maildrop directory (F-57). `stored` means durable. What `input` throws
 * it throws too, and leaves nothing behind.
 *
 * @param input Records as sendmail(1) makes them.
 * @param created Told of the queue id, before the first record is read.
 * @throws {PostdropError} as a rejection: messages cannot be put there, or this is none.
 */
export async function dropMessage(
  input: AsyncIterable<Uint8Array>,
  system: PostdropSystem,
  created: (id: string) => void = () => undefined,
): Promise<DropResult> {
  const draft = await MaildropDraft.create(system)
  let result: DropResult = { kind: 'cancelled' }
  try {
    created(draft.id)
    result = await copyRecords(input, system, draft)
    if (result.kind === 'stored') await draft.commit()
  } catch (error) {
    await draft.abort()
    return refusalOf(error, system)
  }
  if (result.kind === 'stored') await system.triggerPickup().catch(() => undefined)
  else await draft.abort()
  return result
}

async function copyRecords(
  input: AsyncIterable<Uint8Array>,
  system: PostdropSystem,
  draft: MaildropDraft,
): Promise<DropResult> {
  const user = `uid=${system.userId}: `
  const check = new RecordCheck((text) => system.warn(`${user}${text}`))
  const maxBytes = Math.min(system.lineLengthLimit, MAX_RECORD_BYTES)
  let refused: DropResult | undefined
  for await (const record of readRecords(input, maxBytes)) {
    // Whoever was refused sends the rest nevertheless, and then reads why.
    if (refused === undefined && check.take(record)) {
      await draft.write(record.type, record.data)
      refused = await senderRefusal(record, system)
    }
    if (record.type !== RecordType.end) continue
    if (refused !== undefined) return refused
    if (check.isComplete) return { kind: 'stored', id: draft.id }
    return { kind: 'refused', status: BAD, reason: '' }
  }
  return refused ?? { kind: 'cancelled' }
}

async function senderRefusal(
  { type, data }: StreamRecord,
  system: PostdropSystem,
): Promise<DropResult | undefined> {
  if (type !== RecordType.sender) return undefined
  const sender = decodeAddress(data)
  if (await system.mayUseSender(sender)) return undefined
  const reason = `not authorized to use sender='${sender}'`
  return { kind: 'refused', status: NO_PERMISSION, reason }
}

/** @throws `error`, if it is not about this message. */
function refusalOf(error: unknown, { userId, warn }: PostdropSystem): DropResult {
  const user = `uid=${userId}: `
  if (error instanceof BadStreamError) {
    warn(`stdin: ${error.message}`)
    throw new PostdropError(`${user}malformed input`)
  }
  if (error instanceof PostdropError) throw new PostdropError(`${user}${error.message}`)
  if (error instanceof FileTooLargeError) {
    warn(`${user}File too large`)
    return { kind: 'refused', status: SIZE, reason: 'message file too big' }
  }
  if (error instanceof Error && 'syscall' in error) {
    warn(`${user}${error.message}`)
    return { kind: 'refused', status: WRITE, reason: 'queue file write error' }
  }
  throw error
}
