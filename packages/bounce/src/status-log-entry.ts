import { quoteAddress } from '@posthouse/mail-address'

import { printableText } from './printable-text.ts'

/** What became of one recipient, for `bounce/QID`, `defer/QID` or `trace/QID`. */
export interface StatusLogEntry {
  /** Internal form; empty: the null recipient. */
  readonly recipient: string
  /** Internal form, as received; left out of the text when it is empty or the same recipient. */
  readonly originalRecipient?: string
  /** Where the recipient's record is in the queue file, in bytes from its start; 0: nowhere. */
  readonly offset?: number
  /** `type;address` of RFC 3461 ORCPT, decoded. */
  readonly dsnOriginal?: string
  /** RFC 3461 NOTIFY: 1 never, or a sum of 2 success, 4 failure, 8 delay; 0: not given. */
  readonly notify?: number
  /** RFC 3463, such as `5.1.1`. */
  readonly status: string
  /** RFC 3464 2.3.3: `failed`, `delayed`, `delivered`, `relayed`, `expanded`, … */
  readonly action: string
  /** What the server said: `smtp` and its reply. */
  readonly diagnostic?: { readonly type: string; readonly text: string }
  /** Which server said it: `dns` and its name. */
  readonly remoteMta?: { readonly type: string; readonly name: string }
  readonly reason: string
}

/**
 * The text to append to a status log (`F-60`), an empty line before and after it included.
 * Addresses are written in external form. No value can break its line: control characters and
 * damaged UTF-8 become `?`. The result has no lone surrogates; write it as UTF-8.
 *
 * @param options `compatibilityLine` is `backwards_bounce_logfile_compatibility`, `smtputf8` is
 * `smtputf8_enable`: without it everything but ASCII becomes `?`.
 */
export function formatStatusLogEntry(
  entry: StatusLogEntry,
  options: { readonly compatibilityLine: boolean; readonly smtputf8: boolean },
): string {
  const { reason, diagnostic, remoteMta } = entry
  const recipient = quoteAddress(entry.recipient)
  let text = options.compatibilityLine
    ? `\n${printableText(`<${recipient}>: ${reason}`, options.smtputf8)}\n`
    : '\n'
  const add = (name: string, value: string): void => {
    if (value !== '') text += `${name}=${printableText(value, options.smtputf8)}\n`
  }
  add('recipient', recipient || '<>')
  add('original_recipient', originalRecipient(entry))
  add('offset', positive(entry.offset))
  add('dsn_orig_rcpt', entry.dsnOriginal ?? '')
  add('notify_flags', positive(entry.notify))
  add('status', entry.status)
  add('action', entry.action)
  if (diagnostic !== undefined && diagnostic.type !== '' && diagnostic.text !== '') {
    add('diag_type', diagnostic.type)
    add('diag_text', diagnostic.text)
  }
  if (remoteMta !== undefined && remoteMta.type !== '' && remoteMta.name !== '') {
    add('mta_type', remoteMta.type)
    add('mta_mname', remoteMta.name)
  }
  add('reason', reason)
  return `${text}\n`
}

function originalRecipient({ recipient, originalRecipient = '' }: StatusLogEntry): string {
  const isSame = originalRecipient.toLowerCase() === recipient.toLowerCase()
  return isSame ? '' : quoteAddress(originalRecipient)
}

function positive(value = 0): string {
  return value > 0 ? String(value) : ''
}
