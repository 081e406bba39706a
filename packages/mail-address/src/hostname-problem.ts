import { decodeAddress, encodeAddress } from './address-bytes.ts'

const MAX_HOSTNAME_BYTES = 255
const MAX_LABEL_BYTES = 63
const QUOTED_BYTES = 100
const WORD_CHARACTER = /[A-Za-z0-9_]/
const NUMERIC = /^[0-9.]+$/

/**
 * Why `name` cannot be the name of a host, in the words of Postfix's warnings (G-19); undefined
 * when it can. Underscores are let pass, as in Postfix.
 */
export function hostnameProblem(name: string): string | undefined {
  const bytes = encodeAddress(name)
  const quoted = decodeAddress(bytes.subarray(0, QUOTED_BYTES))
  const problem = characterProblem(bytes.toString('latin1'))
  if (problem !== undefined) return `valid_hostname: ${problem}: ${quoted}`
  if (NUMERIC.test(name)) return `valid_hostname: numeric hostname: ${quoted}`
  if (bytes.length <= MAX_HOSTNAME_BYTES) return undefined
  return `valid_hostname: bad length ${bytes.length} for ${quoted}...`
}

// From left to right: of several problems the first is the one to name.
function characterProblem(name: string): string | undefined {
  let labelBytes = 0
  for (let at = 0; at < name.length; at++) {
    const char = name[at]!
    const [before, after] = [name[at - 1], name[at + 1]]
    if (char === '.') {
      if (before === undefined || after === undefined || after === '.') {
        return 'misplaced delimiter'
      }
      labelBytes = 0
    } else if (char === '-') {
      labelBytes++
      const isAtEdge = before === undefined || before === '.' || after === undefined
      if (isAtEdge || after === '.') return 'misplaced hyphen'
    } else if (WORD_CHARACTER.test(char)) {
      labelBytes++
      if (labelBytes > MAX_LABEL_BYTES) return 'hostname label too long'
    } else {
      return `invalid character ${char.charCodeAt(0)}(decimal)`
    }
  }
  return undefined
}
