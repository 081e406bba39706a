/** A local part, without its extension and the extension. */
export interface SplitExtension {
  readonly base: string
  /** With its delimiter, such as `+list`; undefined when there is none. */
  readonly extension: string | undefined
}

/** What an extension is. */
export interface ExtensionRules {
  /** `recipient_delimiter`: each character is one; empty for none. */
  readonly delimiters: string
  /** `owner_request_special`: with the delimiter `-`, `owner-name` and `name-request` are whole. */
  readonly ownerRequestSpecial: boolean
}

const NEVER_SPLIT = /^(?:double-bounce|mailer-daemon|postmaster)$/i
const OWNER_OR_REQUEST = /^owner-.|.-request$/i

/**
 * Splits a local part at the first delimiter in it, but for one at its start: postconf(5) on
 * `recipient_delimiter`. The names `double-bounce`, `mailer-daemon` and `postmaster` are whole.
 *
 * @param localPart In internal form.
 */
export function splitExtension(localPart: string, rules: ExtensionRules): SplitExtension {
  const { delimiters, ownerRequestSpecial } = rules
  const whole: SplitExtension = { base: localPart, extension: undefined }
  if (delimiters === '' || NEVER_SPLIT.test(localPart)) return whole
  const isSpecial = ownerRequestSpecial && delimiters.includes('-')
  if (isSpecial && OWNER_OR_REQUEST.test(localPart)) return whole
  for (let at = 1; at < localPart.length; at++) {
    if (!delimiters.includes(localPart[at]!)) continue
    return { base: localPart.slice(0, at), extension: localPart.slice(at) }
  }
  return whole
}
