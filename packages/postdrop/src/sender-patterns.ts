/** Who an envelope sender is compared with. */
export interface SenderPatternOptions {
  /** `recipient_delimiter`: what may begin the extension of an address. */
  readonly recipientDelimiter: string
}

/**
 * Whether an envelope sender is one of those that `local_login_sender_maps` allow a login
 * (postconf(5)): `*` any, `<>` the empty one, `@domain` any of a domain, or an address.
 *
 * @param patterns As the table has them, separated by blanks and commas.
 * @param sender Internal form. Its extension does not matter.
 */
export function matchesSenderPatterns(
  patterns: string,
  sender: string,
  { recipientDelimiter }: SenderPatternOptions,
): boolean {
  const address = withoutExtension(sender.toLowerCase(), recipientDelimiter)
  const domain = address.slice(address.lastIndexOf('@'))
  return patterns
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((pattern) => pattern !== '')
    .some((pattern) => {
      if (pattern === '*') return true
      if (pattern === '<>') return address === ''
      if (pattern.startsWith('@')) return address.includes('@') && pattern === domain
      return pattern === address
    })
}

function withoutExtension(address: string, delimiters: string): string {
  const at = address.lastIndexOf('@')
  const localPart = at < 0 ? address : address.slice(0, at)
  const end = [...localPart].findIndex((one, index) => index > 0 && delimiters.includes(one))
  return end < 0 ? address : localPart.slice(0, end) + (at < 0 ? '' : address.slice(at))
}
