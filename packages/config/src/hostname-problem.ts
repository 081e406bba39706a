import { encodeAddress } from '@posthouse/mail-address'

const MAX_HOSTNAME_BYTES = 255
const MAX_LABEL_BYTES = 63
const QUOTED_BYTES = 100
const BAD_CHARACTER = /[^A-Za-z0-9._-]/
const MISPLACED_DELIMITER = /^\.|\.\./
const MISPLACED_HYPHEN = /(^|\.)-|-(\.|$)/
const NUMERIC = /^[0-9.]+$/

/**
 * Why `name` cannot be `myhostname` or `mydomain`, in the words of the warnings of G-19; undefined
 * when it can. A dot at the end and underscores are let pass, as in Postfix.
 */
export function hostnameProblem(name: string): string | undefined {
  const bytes = encodeAddress(name)
  if (bytes.length > MAX_HOSTNAME_BYTES) {
    const quoted = bytes.toString('latin1', 0, QUOTED_BYTES)
    return `valid_hostname: bad length ${bytes.length} for ${quoted}...`
  }
  const bad = BAD_CHARACTER.exec(bytes.toString('latin1'))?.[0]
  if (bad !== undefined) {
    return `valid_hostname: invalid character ${bad.charCodeAt(0)}(decimal): ${name}`
  }
  if (MISPLACED_DELIMITER.test(name)) return `valid_hostname: misplaced delimiter: ${name}`
  if (MISPLACED_HYPHEN.test(name)) return `valid_hostname: misplaced hyphen: ${name}`
  if (name.split('.').some((label) => label.length > MAX_LABEL_BYTES)) {
    return `valid_hostname: hostname label too long: ${name}`
  }
  if (NUMERIC.test(name)) return `valid_hostname: numeric hostname: ${name}`
  return undefined
}
