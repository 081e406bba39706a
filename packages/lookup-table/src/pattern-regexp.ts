import type { ByteSet } from './byte-set.ts'
import { byteCharCode } from './byte-text.ts'
import type { Anchor, PatternNode, RepeatNode } from './pattern-node.ts'

const ANCHORS: Readonly<Record<Anchor, string>> = {
  start: '^',
  end: '$',
  'end-or-last-newline': '(?=\\n?$)',
  'line-start': '(?<=^|\\n)',
  'line-end': '(?=$|\\n)',
  'word-boundary': '\\b',
  'not-word-boundary': '\\B',
  'word-start': '\\b(?=\\w)',
  'word-end': '\\b(?<=\\w)',
}

/**
 * A RegExp that matches the same texts (with one character per byte), and at the same first place;
 * its groups are not those of the pattern. Undefined if JavaScript has no such RegExp.
 *
 * The RegExp has no flags, so that nothing in it depends on Unicode or on what JavaScript takes for
 * a line.
 */
export function regExpOf(root: PatternNode): RegExp | undefined {
  const source = sourceOf(root)
  if (source === undefined) return undefined
  try {
    const regExp = new RegExp(source)
    regExp.test('') // JavaScript compiles it now, and may find it too large.
    return regExp
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

function sourceOf(node: PatternNode): string | undefined {
  switch (node.kind) {
    case 'set':
      return setSource(node.set)
    case 'anchor':
      return ANCHORS[node.anchor]
    case 'sequence':
      return joinSources(node.items, '')
    case 'choice': {
      const source = joinSources(node.options, '|')
      return source === undefined ? undefined : `(?:${source})`
    }
    case 'repeat':
      return repeatSource(node)
    case 'group':
      return wrapSource('(?:', node.body)
    case 'look': {
      const direction = node.direction === 'ahead' ? '' : '<'
      return wrapSource(`(?${direction}${node.negated ? '!' : '='}`, node.body)
    }
    case 'atomic':
    case 'back-reference': // In JavaScript, one to a group that did not match is empty.
      return undefined
  }
}

function joinSources(nodes: readonly PatternNode[], separator: string): string | undefined {
  const sources = nodes.map(sourceOf)
  return sources.includes(undefined) ? undefined : sources.join(separator)
}

function wrapSource(open: string, body: PatternNode): string | undefined {
  const source = sourceOf(body)
  return source === undefined ? undefined : `${open}${source})`
}

function repeatSource({ body, min, max, lazy }: RepeatNode): string | undefined {
  const source = body.kind === 'set' ? setSource(body.set) : wrapSource('(?:', body)
  if (source === undefined) return undefined
  const bounds = max === Number.POSITIVE_INFINITY ? `{${min},}` : `{${min},${max}}`
  const shorter: Readonly<Record<string, string>> = { '{0,}': '*', '{1,}': '+', '{0,1}': '?' }
  return `${source}${shorter[bounds] ?? bounds}${lazy ? '?' : ''}`
}

function setSource(set: ByteSet): string {
  const ranges: string[] = []
  for (let first = 0; first < 256; first++) {
    if (set[first] !== 1) continue
    let last = first
    // The characters of the bytes 0x7f and 0x80 are not neighbours.
    while (last < 255 && last !== 0x7f && set[last + 1] === 1) last++
    const range = first === last ? '' : `-${unitSource(last)}`
    ranges.push(unitSource(first) + range)
    first = last
  }
  if (ranges.length === 1 && ranges[0]!.length <= 6 && !ranges[0]!.includes('-')) return ranges[0]!
  return set.every((flag) => flag === 1) ? '[^]' : `[${ranges.join('')}]`
}

function unitSource(byte: number): string {
  const char = String.fromCharCode(byteCharCode(byte))
  if (/[0-9A-Za-z]/.test(char)) return char
  return `\\u${byteCharCode(byte).toString(16).padStart(4, '0')}`
}
