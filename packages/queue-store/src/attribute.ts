// Space as C has it: `\s` and `trim` of JavaScript would take away parts of UTF-8 text too.
const ATTRIBUTE = /^[ \t-\r]*([^ \t-\r=]*)[ \t-\r]*(=?)(.*)$/s
const SPACE_OUTSIDE = /^[ \t-\r]|[ \t-\r]$/

/** Attributes of which the last instance counts; of all others it is the first (F-39). */
const LAST_COUNTS = new Set([
  'envelope_id',
  'ret_flags',
  'log_client_name',
  'log_client_address',
  'log_client_port',
  'log_message_origin',
  'log_helo_name',
  'log_protocol_name',
])

const FIRST_COUNTS = new Set([
  'log_ident',
  'rewrite_context',
  'sasl_method',
  'sasl_username',
  'sasl_sender',
  'trace_flags',
  'client_name',
  'reverse_client_name',
  'client_address',
  'client_port',
  'helo_name',
  'protocol_name',
  'client_address_type',
  'server_address',
  'server_port',
  'message_id',
])

/** Attributes of whose second instance Postfix warns. */
const WARNED = new Set([
  'log_ident',
  'rewrite_context',
  'sasl_method',
  'sasl_username',
  'sasl_sender',
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
 * @returns false when it was left out though Postfix would warn.
 */
export function addAttribute(
  attributes: Map<string, string>,
  name: string,
  value: string,
): boolean {
  if (LAST_COUNTS.has(name)) attributes.set(name, value)
  else if (FIRST_COUNTS.has(name)) {
    if (attributes.has(name)) return !WARNED.has(name)
    attributes.set(name, value)
  }
  return true
}

/** NOTIFY flags are NEVER (1) alone, or a sum of SUCCESS (2), FAILURE (4) and DELAY (8). */
export function isValidNotify(notify: number): boolean {
  return notify === 1 || (notify >= 2 && notify <= 14 && notify % 2 === 0)
}

/** Removes ASCII space from both ends, as readers do with the value of an attribute. */
export function trimSpaces(text: string): string {
  if (!SPACE_OUTSIDE.test(text)) return text
  let start = 0
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}
