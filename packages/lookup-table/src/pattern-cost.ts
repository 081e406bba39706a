import { ANY_BYTE, areDisjoint, type ByteSet, unionOf } from './byte-set.ts'
import type { PatternNode } from './pattern-node.ts'

/** From this number of times on, a repetition counts as one without end. */
const MANY = 10

/**
 * How badly a backtracking search can go: at most about length ** degree steps for a text of that
 * length. Infinity if no such bound is known, as for `(a+)+`, which tries 2 ** length ways.
 */
export function degreeOf(root: PatternNode): number {
  return degree(root) + (isAnchoredAtStart(root) ? 0 : 1)
}

/** Whether a match can only begin at the start of the text. */
function isAnchoredAtStart(node: PatternNode): boolean {
  switch (node.kind) {
    case 'anchor':
      return node.anchor === 'start'
    case 'sequence':
      return node.items[0] !== undefined && isAnchoredAtStart(node.items[0])
    case 'choice':
      return node.options.every(isAnchoredAtStart)
    case 'group':
    case 'atomic':
      return isAnchoredAtStart(node.body)
    default:
      return false
  }
}

function degree(node: PatternNode): number {
  switch (node.kind) {
    case 'set':
    case 'anchor':
      return 0
    case 'back-reference':
      return 1
    case 'group':
    case 'atomic':
    case 'look':
      return degree(node.body)
    case 'sequence':
      return node.items.reduce((sum, item) => sum + degree(item), 0)
    case 'choice':
      return Math.max(...node.options.map(degree))
    case 'repeat': {
      const { body, min, max } = node
      const inner = degree(body)
      if (max < MANY) return inner * max + (isChoosy(body) ? 1 : 0)
      const once = min === max && inner === 0 && isDeterministic(body) ? 0 : 1
      return isDeterministic(body) ? inner + once : Number.POSITIVE_INFINITY
    }
  }
}

/** Whether the node can match in several ways, so that a few repetitions of it multiply them. */
function isChoosy(node: PatternNode): boolean {
  return !isDeterministic(node)
}

/**
 * Whether at each place of a text, with one byte to look at, there is one way to go on only: then
 * a repetition of the node has one way to divide a text among its rounds.
 */
function isDeterministic(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return true
    case 'group':
    case 'atomic':
      return isDeterministic(node.body)
    case 'sequence':
      return node.items.every((item, index) => {
        // The last item is followed by the first one of the next round.
        const following = node.items[(index + 1) % node.items.length]!
        return isDeterministicBefore(item, following)
      })
    case 'choice':
      return node.options.every(isDeterministic) && haveDisjointStarts(node.options)
    case 'repeat':
      return node.min === node.max && isDeterministic(node.body)
    default:
      return false
  }
}

function isDeterministicBefore(node: PatternNode, following: PatternNode): boolean {
  if (node.kind !== 'repeat' || node.body.kind !== 'set') return isDeterministic(node)
  const start = startOf(following)
  return start !== undefined && areDisjoint(start, node.body.set)
}

function haveDisjointStarts(options: readonly PatternNode[]): boolean {
  let seen: ByteSet = unionOf()
  for (const option of options) {
    const start = startOf(option)
    if (start === undefined || !areDisjoint(start, seen)) return false
    seen = unionOf(seen, start)
  }
  return true
}

/** The bytes that a match of the node can begin with; undefined if it may be empty. */
function startOf(node: PatternNode): ByteSet | undefined {
  switch (node.kind) {
    case 'set':
      return node.set
    case 'group':
    case 'atomic':
      return startOf(node.body)
    case 'sequence':
      return node.items[0] === undefined ? undefined : startOf(node.items[0])
    case 'choice': {
      const starts = node.options.map(startOf)
      if (starts.includes(undefined)) return undefined
      return unionOf(...starts.map((start) => start ?? ANY_BYTE))
    }
    case 'repeat':
      return node.min > 0 ? startOf(node.body) : undefined
    default:
      return undefined
  }
}
