import type { LookNode } from './pattern-node.ts'
import type { PerlCursor } from './perl-cursor.ts'
import { changeOptions, type PerlOptions } from './perl-options.ts'

/** What begins with a parenthesis; the text goes on inside, except for options and references. */
export type PerlGroupStart =
  | { readonly kind: 'capture'; readonly name: string | undefined }
  /** It is a group only for its options or for a repetition. */
  | { readonly kind: 'plain'; readonly options: PerlOptions }
  | { readonly kind: 'atomic' }
  | Pick<LookNode, 'kind' | 'direction' | 'negated'>
  | { readonly kind: 'options'; readonly options: PerlOptions }
  | { readonly kind: 'reference'; readonly to: string; readonly offset: number }

const LOOKS: readonly (readonly [text: string, start: PerlGroupStart])[] = [
  ['=', { kind: 'look', direction: 'ahead', negated: false }],
  ['!', { kind: 'look', direction: 'ahead', negated: true }],
  ['<=', { kind: 'look', direction: 'behind', negated: false }],
  ['<!', { kind: 'look', direction: 'behind', negated: true }],
]
const NAME_ENDS: Readonly<Record<string, string>> = { '<': '>', "'": "'" }

/**
 * Reads what follows a parenthesis, which was taken: pcre2pattern(3).
 *
 * @throws {LookupTableError} `bad-pattern` or `unsupported-pattern`
 */
export function parseGroupStart(cursor: PerlCursor, options: PerlOptions): PerlGroupStart {
  if (cursor.takeMatch(/\*(?=[^)])/sy) !== undefined) {
    if (/[A-Za-z:]/.test(cursor.next)) throw cursor.unsupported('(*…) is')
    cursor.takeMatch(/\w*/y)
    throw cursor.error('(*VERB) not recognized or malformed')
  }
  if (!cursor.take('?')) {
    return options.noCapture ? { kind: 'plain', options } : { kind: 'capture', name: undefined }
  }
  if (cursor.take(':')) return { kind: 'plain', options }
  if (cursor.take('>')) return { kind: 'atomic' }
  for (const [text, start] of LOOKS) if (cursor.take(text)) return start
  if (cursor.take('P=')) return takeReference(cursor)
  if (cursor.take('P<') || cursor.take('<')) return takeName(cursor, '<')
  if (cursor.take("'")) return takeName(cursor, "'")
  refuse(cursor)
  return takeOptions(cursor, options)
}

function refuse(cursor: PerlCursor): void {
  if (cursor.sees('|')) throw cursor.unsupported('(?|…) is')
  if (cursor.sees('(')) throw cursor.unsupported('a condition (?(…)…) is')
  if (cursor.sees('C')) throw cursor.unsupported('a callout is')
  const call = /R|[-+]?\d|&|P>/y
  call.lastIndex = cursor.at
  if (call.test(cursor.text)) throw cursor.unsupported('a call of a group, or recursion, is')
  if (cursor.sees('+')) throw cursor.error('digit expected after (?+ or (?-')
}

function takeName(cursor: PerlCursor, open: string): PerlGroupStart {
  const close = NAME_ENDS[open] ?? ''
  const begin = cursor.at
  const name = cursor.takeMatch(/\w*/y)?.[0] ?? ''
  if (name === '') throw cursor.error('subpattern name expected')
  if (/^\d/.test(name)) throw cursor.error('subpattern name must start with a non-digit', begin)
  if (!cursor.take(close)) {
    throw cursor.error('syntax error in subpattern name (missing terminator?)')
  }
  return { kind: 'capture', name }
}

function takeReference(cursor: PerlCursor): PerlGroupStart {
  const offset = cursor.at
  const to = cursor.takeMatch(/\w*/y)?.[0] ?? ''
  if (to === '') throw cursor.error('subpattern name expected')
  if (!cursor.take(')')) {
    throw cursor.error('syntax error in subpattern name (missing terminator?)')
  }
  return { kind: 'reference', to, offset }
}

function takeOptions(cursor: PerlCursor, options: PerlOptions): PerlGroupStart {
  const begin = cursor.at
  const flags = cursor.takeMatch(/[^):]*/y)?.[0] ?? ''
  const changed = changeOptions(options, flags)
  if ('at' in changed) {
    if (flags[changed.at] === 'J') throw cursor.unsupported('the option J is')
    const what =
      flags[changed.at] === '-'
        ? 'invalid hyphen in option setting'
        : 'unrecognized character after (? or (?-'
    throw cursor.error(what, begin + changed.at)
  }
  if (cursor.take(')')) return { kind: 'options', options: changed }
  if (cursor.take(':')) return { kind: 'plain', options: changed }
  throw cursor.error('missing closing parenthesis')
}
