import { describe, expect, it } from 'vitest'

import { OptionError, parseOptions } from './index.ts'

describe('parseOptions', () => {
  it.each([
    ['letters that share a dash', ['-ab', '-a'], 'a b a', []],
    ['an argument in a word of its own', ['-c', 'x', '-a'], 'c=x a', []],
    ['an argument that starts with a dash', ['-c', '-a'], 'c=-a', []],
    ['an argument in the word of the option', ['-acx', 'y'], 'a c=x', ['y']],
    ['an empty argument', ['-c', ''], 'c=', []],
    ['the first operand ends them', ['-a', 'x', '-b'], 'a', ['x', '-b']],
    ['a lone dash is an operand', ['-a', '-', '-b'], 'a', ['-', '-b']],
    ['an empty word is an operand', ['', '-b'], '', ['', '-b']],
    ['two dashes end them', ['-a', '--', '-b'], 'a', ['-b']],
    ['two dashes may be an argument', ['-c', '--', '-b'], 'c=-- b', []],
    ['an argument that may be absent', ['-o', 'x'], 'o=', ['x']],
    ['the same, in the word of the option', ['-aox', 'y'], 'a o=x', ['y']],
    ['a long option', ['--word', '-a', 'x'], 'word a', ['x']],
  ])('%s', (_, args, options, operands) => {
    const parsed = parseOptions(args, 'abc:o::', ['word'])
    const shown = parsed.options.map(({ name, argument }) =>
      name === 'c' || name === 'o' ? `${name}=${argument}` : name,
    )
    expect(shown.join(' ')).toBe(options)
    expect(parsed.operands).toEqual(operands)
  })

  it.each([
    [['-x'], "invalid option -- 'x'"],
    [['-ax'], "invalid option -- 'x'"],
    [['-:'], "invalid option -- ':'"],
    [['--words'], "invalid option -- '-'"],
    [['-a', '-c'], "option requires an argument -- 'c'"],
  ])('refuses %j in the words of getopt(3)', (args, message) => {
    expect(() => parseOptions(args, 'abc:', ['word'])).toThrow(new OptionError(message))
  })
})
