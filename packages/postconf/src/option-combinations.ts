import type { Mode } from './command-line.ts'
import { usageError } from './errors.ts'

// Of each group at most one. The order is that of postconf(1), which its messages show.
const EXCLUSIVE = [
  'aAbFlmMpPtT',
  'denX#',
  'efX#',
  'ehHX#',
  'deoX#',
  'exX#',
  'ejX#',
  'fj',
  'hj',
  'Hj',
]

const LISTS = 'defhHjnoxX#'

// What makes no sense with an option that says what the command is about.
const REFUSED: Readonly<Record<Mode, string>> = {
  ...{ a: LISTS, A: LISTS, b: LISTS, l: LISTS, m: LISTS, t: LISTS, T: LISTS },
  ...{ F: 'dnX#', M: 'dhHn', p: '', P: 'dn#' },
}

/**
 * Refuses options that contradict each other, in the words of postconf(1).
 *
 * @param flags Letters of all options that are there.
 * @throws {PostconfError} `usage`
 */
export function checkCombination(flags: ReadonlySet<string>, mode: Mode): void {
  if (flags.has('b') && flags.has('t')) throw usageError('specify one of -b and -t')
  for (const group of EXCLUSIVE) {
    const present = among(group, flags)
    if (present.length > 1) throw usageError(`specify one of ${present.join(' ')}`)
  }
  const refused = among(REFUSED[mode], flags)
  if (refused.length > 0) {
    throw usageError(`with option -${mode}, do not specify ${refused.join(' ')}`)
  }
}

function among(options: string, flags: ReadonlySet<string>): string[] {
  return [...options].filter((option) => flags.has(option)).map((option) => `-${option}`)
}
