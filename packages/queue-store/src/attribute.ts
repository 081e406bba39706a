// Space as C has it: `\s` and `trim` of JavaScript would take away parts of UTF-8 text too.
const ATTRIBUTE = /^[ \t-\r]*([^ \t-\r=]*)[ \t-\r]*(=?)(.*)$/s

/** Which instance counts of an attribute that is there more than once (F-39). */
type Repetition = 'last' | 'first' | 'first, with a warning'

const REPETITIONS: ReadonlyMap<string, Repetition> = new Map([
  ['envelope_id', 'last'],
  ['ret_flags', 'last'],
  ['log_client_name', 'last'],
  ['log_client_address', 'last'],
  ['log_client_port', 'last'],
  ['log_message_origin', 'last'],
  ['log_helo_name', 'last'],
  ['log_protocol_name', 'last'],
  ['log_ident', 'first, with a warning'],
  ['rewrite_context', 'first, with a warning'],
  ['sasl_method', 'first, with a warning'],
  ['sasl_username', 'first, with a warning'],
  ['sasl_sender', 'first, with a warning'],
  ['trace_flags', 'first'],
  ['client_name', 'first'],
  ['reverse_client_name', 'first'],
  ['client_address', 'first'],
  ['client_port', 'first'],
  ['helo_name', 'first'],
  ['protocol_name', 'first'],
  ['client_address_type', 'first'],
  ['server_address', 'first'],
  ['server_port', 'first'],
  ['message_id', 'first'],
])

/** Splits `name=value` (F-39). @returns what is wrong with it, when it is malformed. */
export function parseAttribute(
  text: string,
): { readonly name: string; readonly value: string } | { readonly problem: string } {
  const [, name, equals, value] = ATTRIBUTE.exec(text)!
  if (!name) return { problem: 'missing attribute name' }
  if (!equals) return { problem: "missing '=' after attribute name" }
  return { name, value: trimSpaces(value!) }
}

/**
 * Adds an attribute to those of its message, by the rule for repeated ones. Names that mean
 * nothing to us are left out, so that memory is bounded by F-39 and not by the file.
 *
 * @returns `repeated` when it was left out and Postfix would warn, `unknown` when it means nothing.
 */
export function addAttribute(
  attributes: Map<string, string>,
  name: string,
  value: string,
): 'known' | 'repeated' | 'unknown' {
  const counts = REPETITIONS.get(name)
  if (counts === undefined) return 'unknown'
  if (counts === 'last' || !attributes.has(name)) attributes.set(name, value)
  else if (counts === 'first, with a warning') return 'repeated'
  return 'known'
}

/** NOTIFY flags are NEVER (1) alone, or a sum of SUCCESS (2), FAILURE (4) and DELAY (8). */
export function isValidNotify(notify: number): boolean {
  return notify === 1 || (notify >= 2 && notify <= 14 && notify % 2 === 0)
}

/** Removes ASCII space from both ends, as readers do with the value of an attribute. */
export function trimSpaces(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}
