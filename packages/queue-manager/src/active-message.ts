import type { DeliveryOutcome } from '@posthouse/delivery-status'
import type { Logger } from '@posthouse/mail-log'
import type { EnvelopeRecipient, MessageEnvelope, UnreadRecipients } from '@posthouse/queue-store'
import type { Activation } from '@posthouse/scheduler'

import { MTA_PROBE, REPORT_FLAGS, traceFlagsOf, USER_PROBE, wantsSuccess } from './trace-flags.ts'
import type { Worked } from './work.ts'

// Of more recipients than this, the list that came with the envelope is not kept.
const MAX_KEPT = 100

/** A recipient, and the destination that it waits for. */
export interface Target {
  readonly transport: string
  /** Names the destination among those of the transport (S-27). */
  readonly destination: string
  readonly nexthop: string
  readonly recipient: EnvelopeRecipient
}

/** What became of a recipient, to be written to a status log before it counts (S-88). */
export interface UnrecordedOutcome {
  readonly recipient: EnvelopeRecipient
  readonly outcome: DeliveryOutcome
  /** Where its line goes: tagged with the name of the program that made the attempt. */
  readonly log: Logger
  /** When an agent got the request; undefined if none did. */
  readonly handoffMs: number | undefined
}

/** One message in memory, from activation to the end of the attempt. */
export class ActiveMessage implements Worked {
  /** Its `recipients` are those that were read at first, or none if these were many. */
  readonly envelope: MessageEnvelope
  readonly activeMs: number
  /** It was found by a scan that overrides `defer_transports` (S-39). */
  readonly overrideDefer: boolean
  /** What the scheduler knows of it; undefined before its first recipients were queued. */
  activation: Activation<ActiveMessage, Target> | undefined
  underWay = 0
  /** Recipients that were not read yet. */
  unread: UnreadRecipients | undefined
  /** A recipient must be tried again: the message goes to the deferred queue. */
  deferred = false
  /** Not all that happened could be recorded or told: it is not returned before that is done. */
  mustStay = false
  /** Entries for the defer log that are not written yet. */
  readonly deferLog: string[] = []
  /** There is a bounce log, or there may be one: of an attempt that did not come to its end. */
  hasBounceLog = false
  /** The same of a trace log: somebody asked for a report. */
  hasTraceLog: boolean
  /** A delivery agent found the queue file to be damaged. */
  isCorrupt = false
  /** Bits of F-40 that ask for a report of each recipient: `sendmail -v`, `-bv`. */
  readonly traceFlags: number
  /** Nothing is delivered: recipients are only asked for. */
  readonly isProbe: boolean
  /** A probe that was made by verify(8) of Postfix. */
  readonly isMtaProbe: boolean
  #unrecorded: UnrecordedOutcome[] | undefined
  /** Offsets of final recipients that the queue file does not show as done yet. */
  #unmarked: number[] | undefined
  /** Resolves when the queue file is not being written to. */
  marking: Promise<void> | undefined

  constructor(envelope: MessageEnvelope, activeMs: number, overrideDefer: boolean) {
    // What is memory of many recipients is to be counted by the scheduler, and gone when they are.
    const isLarge = envelope.recipients.length > MAX_KEPT && envelope.redirect === undefined
    this.envelope = isLarge ? { ...envelope, recipients: [] } : envelope
    this.activeMs = activeMs
    this.overrideDefer = overrideDefer
    const flags = traceFlagsOf(envelope)
    this.traceFlags = flags & REPORT_FLAGS
    this.isMtaProbe = (flags & MTA_PROBE) !== 0
    this.isProbe = this.isMtaProbe || (flags & USER_PROBE) !== 0
    this.hasTraceLog =
      this.traceFlags !== 0 ||
      envelope.isSuccessAsked === true ||
      envelope.recipients.some(wantsSuccess)
  }

  get id(): string {
    return this.envelope.id
  }

  /** Nothing of it waits, is in flight, or is still to be read. */
  get isOver(): boolean {
    return this.activation?.done ?? false
  }

  /** More recipients were read. */
  expect(recipients: readonly EnvelopeRecipient[]): void {
    this.hasTraceLog ||= recipients.some(wantsSuccess)
  }

  /** Keeps an outcome until it is recorded. */
  recordLater(outcome: UnrecordedOutcome): void {
    if (this.#unrecorded === undefined) this.#unrecorded = [outcome]
    else this.#unrecorded.push(outcome)
  }

  /** More is to be done at the end of the attempt than to remove or defer the message. */
  get hasNews(): boolean {
    return this.hasUnrecorded || this.hasBounceLog || this.hasTraceLog || this.isCorrupt
  }

  /** Outcomes were kept. */
  get hasUnrecorded(): boolean {
    return this.#unrecorded !== undefined
  }

  /** The outcomes to record, which are then the caller's concern. */
  takeUnrecorded(): UnrecordedOutcome[] {
    const outcomes = this.#unrecorded ?? []
    this.#unrecorded = undefined
    return outcomes
  }

  /** A recipient is final. Those that are not in the queue file have no offset. */
  markLater(offset: number): void {
    if (offset <= 0) return
    // Most have one: an array that was made empty would grow to seventeen places for it.
    if (this.#unmarked === undefined) this.#unmarked = [offset]
    else this.#unmarked.push(offset)
  }

  /** The offsets to mark, which are then the caller's concern. */
  takeUnmarked(): readonly number[] {
    const offsets = this.#unmarked ?? []
    this.#unmarked = undefined
    return offsets
  }
}
