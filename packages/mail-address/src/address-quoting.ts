const DOT = 0x2e
// By character code; no other than ASCII.
const SPECIAL: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[\x00-\x20\x7f()<>@,;:\\"[\]]/.test(String.fromCharCode(code)),
)
const SMTP_ESCAPED = /["\\\r\n]/g
const HEADER_ESCAPED = /["\\\r]/g
const QUOTING = /["\\]/

/**
 * Internal form to external form as SMTP commands and log lines show it (RFC 5321 4.1.2, `G-136`,
 * `C-174`): a local part that is not a dot-atom is enclosed in quotes, with a backslash before
 * `"`, `\`, CR and LF. The domain is never touched; the empty address stays empty. The result may
 * hold control characters: escape it where a line is written.
 */
export function quoteAddress(address: string): string {
  return address === '' ? '' : quoteAtLastAt(address, SMTP_ESCAPED)
}

/**
 * Internal form to external form as message headers show it (RFC 822 6.1, `G-136`, `Q-340`): as
 * `quoteAddress`, but LF gets no backslash, a source route `@a,@b:` in front stays as it is, and
 * the empty address is `""`. Where a null sender is meant, write `<>` yourself.
 */
export function quoteHeaderAddress(address: string): string {
  const route = sourceRouteLength(address)
  if (route === 0) return quoteAtLastAt(address, HEADER_ESCAPED)
  return address.slice(0, route) + quoteAtLastAt(address.slice(route), HEADER_ESCAPED)
}

/**
 * External form to internal form (`G-137`): without quotes and backslashes up to the last
 * unquoted `@`, and unchanged from there. A quote that is not closed extends to the end.
 */
export function unquoteAddress(address: string): string {
  if (!QUOTING.test(address)) return address
  let text = ''
  let textBeforeAt = ''
  let at = -1
  let quoted = false
  for (let index = 0; index < address.length; index++) {
    const character = address[index]!
    if (character === '"') {
      quoted = !quoted
      continue
    }
    if (character === '@' && !quoted) {
      textBeforeAt = text
      at = index
    }
    if (character === '\\' && index + 1 < address.length) index++
    text += address[index]
  }
  return at < 0 ? text : textBeforeAt + address.slice(at)
}

/** For the parts of a tokenized address, whose `@` may be a quoted one. */
export function quoteHeaderLocalPart(localPart: string): string {
  return isDotAtom(localPart) ? localPart : inQuotes(localPart, HEADER_ESCAPED)
}

/** RFC 5321 4.1.2, with characters that are not ASCII, as in RFC 6531 3.3. */
function isDotAtom(localPart: string): boolean {
  let previous = DOT // None may be first, last, or beside another.
  for (let at = 0; at < localPart.length; at++) {
    const code = localPart.charCodeAt(at)
    if (code === DOT ? previous === DOT : SPECIAL[code]) return false
    previous = code
  }
  return previous !== DOT
}

function quoteAtLastAt(address: string, escaped: RegExp): string {
  const at = address.lastIndexOf('@')
  const localPart = at < 0 ? address : address.slice(0, at)
  if (isDotAtom(localPart)) return address
  const quoted = inQuotes(localPart, escaped)
  return at < 0 ? quoted : quoted + address.slice(at)
}

function inQuotes(localPart: string, escaped: RegExp): string {
  return `"${localPart.replace(escaped, '\\$&')}"`
}

/** Up to the first colon that is not inside a domain literal, such as that of `@[IPv6:::1]`. */
function sourceRouteLength(address: string): number {
  if (!address.startsWith('@')) return 0
  for (let index = 1; index < address.length; index++) {
    if (address[index] === ':') return index + 1
    if (address[index] === '[') {
      index = address.indexOf(']', index)
      if (index < 0) return 0
    }
  }
  return 0
}
