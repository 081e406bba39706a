/** What the flags of a Perl pattern, in front of it or `(?i)` in it, have set. */
export interface PerlOptions {
  readonly caseless: boolean
  /** `.` matches a newline. */
  readonly dotAll: boolean
  /** `^` and `$` match beside a newline. */
  readonly multiline: boolean
  /** Blanks and comments are left out; with `xx` blanks in classes too. */
  readonly extended: 'no' | 'x' | 'xx'
  /** Matches at the start only. */
  readonly anchored: boolean
  /** `$` does not match before a newline that ends the text. */
  readonly dollarEndOnly: boolean
  /** Repetitions are lazy, and greedy with `?`. */
  readonly ungreedy: boolean
  /** `()` without a name does not capture. */
  readonly noCapture: boolean
}

/**
 * The options behind a group of flags, such as `i-s` of `(?i-s)`; undefined if a letter of it is
 * no flag, and then `at` is where it is.
 */
export function changeOptions(
  options: PerlOptions,
  flags: string,
): PerlOptions | { readonly at: number } {
  const changed = { ...options }
  let on = true
  for (let at = 0; at < flags.length; at++) {
    const flag = flags[at]!
    if (flag === '^' && at === 0) {
      const off = { caseless: false, dotAll: false, multiline: false, noCapture: false }
      Object.assign(changed, off, { extended: 'no' })
    } else if (flag === '-' && on && flags[0] !== '^') on = false
    else if (flag === 'i') changed.caseless = on
    else if (flag === 's') changed.dotAll = on
    else if (flag === 'm') changed.multiline = on
    else if (flag === 'n') changed.noCapture = on
    else if (flag === 'U') changed.ungreedy = on
    else if (flag === 'x') {
      const twice = flags[at + 1] === 'x'
      changed.extended = on ? (twice ? 'xx' : 'x') : 'no'
      if (twice) at++
    } else return { at }
  }
  return changed
}
