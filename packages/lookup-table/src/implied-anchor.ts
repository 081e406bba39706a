import type { PatternNode } from './pattern-node.ts'

/**
 * The pattern, which must match from the start of the text if it begins with `.*`: from a later
 * place it would match no other texts, but be tried in vain. Not with back-references, which may
 * want less of the text.
 */
export function withImpliedAnchor(root: PatternNode): PatternNode {
  if (!isRunOfAnything(firstOf(root)) || hasBackReference(root)) return root
  return { kind: 'sequence', items: [{ kind: 'anchor', anchor: 'start' }, root] }
}

function hasBackReference(node: PatternNode): boolean {
  switch (node.kind) {
    case 'back-reference':
      return true
    case 'set':
    case 'anchor':
      return false
    case 'sequence':
      return node.items.some(hasBackReference)
    case 'choice':
      return node.options.some(hasBackReference)
    default:
      return hasBackReference(node.body)
  }
}

function firstOf(node: PatternNode): PatternNode | undefined {
  if (node.kind === 'group') return firstOf(node.body)
  if (node.kind !== 'sequence') return node
  return node.items[0] && firstOf(node.items[0])
}

function isRunOfAnything(node: PatternNode | undefined): boolean {
  return (
    node?.kind === 'repeat' &&
    node.min === 0 &&
    node.max === Number.POSITIVE_INFINITY &&
    node.body.kind === 'set' &&
    node.body.set.every((flag) => flag === 1)
  )
}
