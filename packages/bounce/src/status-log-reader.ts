import { decodeAddress } from '@posthouse/mail-address'

import { printableText } from './printable-text.ts'

export type StatusLogKind = 'bounce' | 'defer' | 'trace'

/** One entry of a status log, as read. Everything is printable. */
export interface StatusLogRecord {
  /** External form, or a text in parentheses where there is no address. */
  readonly recipient: string
  readonly originalRecipient?: string
  readonly offset?: number
  readonly dsnOriginal?: string
  readonly notify?: number
  readonly status: string
  readonly action: string
  /** Only when both were logged. */
  readonly diagnostic?: { readonly type: string; readonly text: string }
  /** Only when both were logged. */
  readonly remoteMta?: { readonly type: string; readonly name: string }
  readonly reason: string
}

export interface ParsedStatusLog {
  readonly entries: readonly StatusLogRecord[]
  /** One text per line that was skipped, in order of the lines; log each after `PATH: `. */
  readonly warnings: readonly string[]
}

const NAMES = new Set([
  'recipient',
  'original_recipient',
  'offset',
  'dsn_orig_rcpt',
  'notify_flags',
  'status',
  'action',
  'diag_type',
  'diag_text',
  'mta_type',
  'mta_mname',
  'reason',
])
const NO_ADDRESS = '(MAILER-DAEMON)'
const OLD_STYLE = /^<(.*?)>: *(.*)$/
const NAME_START = /^[A-Za-z0-9]/
const ATTRIBUTE = /^([^ =]+) *=(.*)$/
const OUTER_BLANKS = /^ +| +$/g
const MAX_QUOTED_CHARACTERS = 30
const DECIMAL = /^\d{1,15}$/

/**
 * Reads a status log (`F-61`): entries of `name=value` lines or of the old style `<ADDR>: TEXT`,
 * each ended by an empty line. An entry that is not ended is left out: its append was interrupted,
 * so nobody was told that it is recorded. Damage never throws; it is skipped with a warning.
 */
export function parseStatusLog(
  bytes: Uint8Array,
  options: { readonly kind: StatusLogKind; readonly smtputf8: boolean },
): ParsedStatusLog {
  const entries: StatusLogRecord[] = []
  const warnings: string[] = []
  let values: Map<string, string> | undefined
  for (const line of completeLines(bytes)) {
    if (line !== '') {
      values ??= new Map()
      readLine(printableLine(line, options.smtputf8), values, warnings)
    } else if (values !== undefined) {
      entries.push(recordOf(values, options.kind))
      values = undefined
    }
  }
  return { entries, warnings }
}

function completeLines(bytes: Uint8Array): string[] {
  return decodeAddress(bytes).split('\n').slice(0, -1)
}

/** Lines of Postfix end at a NUL byte, for whoever reads them as C strings. */
function printableLine(line: string, smtputf8: boolean): string {
  const nul = line.indexOf('\0')
  return printableText(nul < 0 ? line : line.slice(0, nul), smtputf8)
}

function readLine(line: string, values: Map<string, string>, warnings: string[]): void {
  if (NAME_START.test(line)) {
    const [, name, value] = ATTRIBUTE.exec(line) ?? []
    if (name === undefined || value === undefined) {
      warnings.push("malformed record: missing '=' after attribute name")
    } else if (NAMES.has(name)) {
      values.set(name, value.replace(OUTER_BLANKS, ''))
    } else {
      warnings.push(`unknown attribute name: ${name}, ignored`)
    }
    return
  }
  const [, address, text] = OLD_STYLE.exec(line) ?? []
  if (address === undefined || text === undefined) {
    warnings.push(`malformed record: ${line.slice(0, MAX_QUOTED_CHARACTERS)}...`)
    return
  }
  values.set('recipient', address)
  values.set('reason', text)
}

function recordOf(values: ReadonlyMap<string, string>, kind: StatusLogKind): StatusLogRecord {
  const text = (name: string): string => values.get(name) ?? ''
  const recipient = values.get('recipient') ?? '(recipient address unavailable)'
  const original = values.get('original_recipient')
  const offset = numberOf(text('offset'))
  const notify = numberOf(text('notify_flags'))
  const diagnostic = { type: text('diag_type'), text: text('diag_text') }
  const remoteMta = { type: text('mta_type'), name: text('mta_mname') }
  return {
    recipient: recipient || NO_ADDRESS,
    ...(original === undefined ? {} : { originalRecipient: original || NO_ADDRESS }),
    ...(offset > 0 ? { offset } : {}),
    ...(text('dsn_orig_rcpt') === '' ? {} : { dsnOriginal: text('dsn_orig_rcpt') }),
    ...(isValidNotify(notify) ? { notify } : {}),
    status: text('status') || (kind === 'defer' ? '4.0.0' : '5.0.0'),
    action: text('action') || (kind === 'defer' ? 'delayed' : 'failed'),
    ...(diagnostic.type !== '' && diagnostic.text !== '' ? { diagnostic } : {}),
    ...(remoteMta.type !== '' && remoteMta.name !== '' ? { remoteMta } : {}),
    reason: text('reason') || '(description unavailable)',
  }
}

/** 0 for anything but a decimal number. */
function numberOf(text: string): number {
  return DECIMAL.test(text) ? Number(text) : 0
}

/** RFC 3461 4.1: NEVER (1) stands alone, the others add up. */
function isValidNotify(notify: number): boolean {
  return notify === 1 || (notify > 1 && notify < 16 && notify % 2 === 0)
}
