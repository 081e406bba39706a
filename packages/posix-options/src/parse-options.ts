/** An option as it was given. */
export interface ParsedOption {
  /** The letter, or the word of a long option. */
  readonly name: string
  /** Empty for an option that takes none. */
  readonly argument: string
}

/** A command line, taken apart. */
export interface ParsedOptions {
  /** In the order they were given, repetitions included. */
  readonly options: readonly ParsedOption[]
  /** What follows the options. */
  readonly operands: readonly string[]
}

/** An option that is not known, or lacks its argument; `message` has the words of getopt(3). */
export class OptionError extends Error {
  override readonly name = 'OptionError'
}

/**
 * Reads options as getopt(3) does: letters that may share a dash, an argument that may share the
 * word of its option; they end at the first operand, or at `--`.
 *
 * @param letters As for getopt(3): a colon behind a letter gives it an argument; two colons, one
 * that must be in the same word, or else is empty.
 * @param words Long options, `--word`, none of which takes an argument.
 * @throws {OptionError}
 */
export function parseOptions(
  args: readonly string[],
  letters: string,
  words: readonly string[] = [],
): ParsedOptions {
  const options: ParsedOption[] = []
  let at = 0
  for (; at < args.length; at++) {
    const arg = args[at]!
    if (arg === '--') return { options, operands: args.slice(at + 1) }
    if (!arg.startsWith('-') || arg === '-') break
    const word = words.find((word) => arg === `--${word}`)
    if (word !== undefined) options.push({ name: word, argument: '' })
    else if (takesNext(arg, letters, options)) {
      const argument = args[++at]
      const name = arg.at(-1)!
      if (argument === undefined) throw new OptionError(`option requires an argument -- '${name}'`)
      options.push({ name, argument })
    }
  }
  return { options, operands: args.slice(at) }
}

/** Takes the options of one word. @returns whether the last lacks its argument. */
function takesNext(arg: string, letters: string, options: ParsedOption[]): boolean {
  for (let at = 1; at < arg.length; at++) {
    const name = arg[at]!
    const known = name === ':' ? -1 : letters.indexOf(name)
    if (known < 0) throw new OptionError(`invalid option -- '${name}'`)
    if (letters[known + 1] !== ':') options.push({ name, argument: '' })
    else {
      if (at + 1 === arg.length && letters[known + 2] !== ':') return true
      options.push({ name, argument: arg.slice(at + 1) })
      return false
    }
  }
  return false
}
