import { ANY_BYTE, areDisjoint, type ByteSet, unionOf, unionOfAll } from './byte-set.ts'
import type { PatternNode, RepeatNode } from './pattern-node.ts'

/** How much a search does: at most `factor * (length + 1) ** degree` steps. */
export interface PatternCost {
  readonly factor: number
  readonly degree: number
}

/** From this number of times on, a repetition counts as one without end. */
const MANY = 10
const ONE_WAY: PatternCost = { factor: 1, degree: 0 }
const WITHOUT_BOUND: PatternCost = { factor: Number.POSITIVE_INFINITY, degree: 0 }

/**
 * How badly a backtracking search can go. The factor is Infinity if no bound is known, as for
 * `(a+)+`, which tries 2 ** length ways. A step is to look at each part of the pattern once.
 */
export function costOf(root: PatternNode): PatternCost {
  const { factor, degree } = waysOf(root)
  return { factor, degree: degree + (isAnchoredAtStart(root) ? 0 : 1) }
}

/** The steps for a text of that length. */
export function stepsFor(length: number, { factor, degree }: PatternCost): number {
  return factor * (length + 1) ** degree
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

/** In how many ways the node can match from one place. What follows is tried after each. */
function waysOf(node: PatternNode): PatternCost {
  switch (node.kind) {
    case 'set':
    case 'anchor':
      return ONE_WAY
    case 'back-reference':
      return { factor: 1, degree: 1 }
    case 'group':
    case 'atomic':
    case 'look':
      return waysOf(node.body)
    case 'sequence':
      return node.items.map(waysOf).reduce(product, ONE_WAY)
    case 'choice':
      return waysOfChoice(node.options)
    case 'repeat':
      return waysOfRepeat(node)
  }
}

function waysOfChoice(options: readonly PatternNode[]): PatternCost {
  const isOneOnly = haveDisjointStarts(options)
  return options.map(waysOf).reduce((all, each) => ({
    factor: isOneOnly ? Math.max(all.factor, each.factor) : all.factor + each.factor,
    degree: Math.max(all.degree, each.degree),
  }))
}

function waysOfRepeat({ body, min, max }: RepeatNode): PatternCost {
  const inner = waysOf(body)
  if (!isDeterministic(body)) return max < MANY ? power(inner, min, max) : WITHOUT_BOUND
  // Rounds that take nothing are as many as there must be; others are as many as there is text.
  const rounds = startOf(body) === undefined ? Math.max(min, 1) : 1
  const factor = inner.factor * rounds
  if (max - min >= MANY) return { factor, degree: inner.degree + 1 }
  return { factor: factor * (max - min + 1), degree: inner.degree }
}

/** From `min` to `max` rounds, each of which can be done in several ways. */
function power({ factor, degree }: PatternCost, min: number, max: number): PatternCost {
  return { factor: (max - min + 1) * factor ** max, degree: degree * max }
}

function product(one: PatternCost, other: PatternCost): PatternCost {
  return { factor: one.factor * other.factor, degree: one.degree + other.degree }
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
      return unionOfAll(starts.map((start) => start ?? ANY_BYTE))
    }
    case 'repeat':
      return node.min > 0 ? startOf(node.body) : undefined
    default:
      return undefined
  }
}
